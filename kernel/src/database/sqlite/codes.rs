//! Classifies the result codes of SQLite (<https://sqlite.org/rescode.html>).
use crate::error::Storage;

/// The classes of failures, by what can be done about them.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(in crate::database) enum Class {
    /// Another row has this unique value.
    Unique,
    /// Another connection holds a lock. A retry may succeed.
    Contended,
    /// The statement was interrupted.
    Interrupted,
    /// The file or its disk cannot be used.
    Storage(Storage),
    /// A bug of this program, or a rule that it should have checked before.
    Bug,
}

/// Classifies a result code, extended or not. Its low byte is the primary code; the rest matters only for constraints.
pub(in crate::database) fn class(code: i32) -> Class {
    match code {
        // SQLITE_CONSTRAINT_UNIQUE, _PRIMARYKEY, _ROWID
        2067 | 1555 | 2579 => Class::Unique,
        // SQLITE_IOERR_NOMEM
        3082 => Class::Storage(Storage::OutOfMemory),
        _ => primary(code & 0xff),
    }
}

fn primary(code: i32) -> Class {
    match code {
        // SQLITE_BUSY, _LOCKED, _SCHEMA (another process changed the schema again and again)
        5 | 6 | 17 => Class::Contended,
        7 => Class::Storage(Storage::OutOfMemory),
        9 => Class::Interrupted,
        // SQLITE_CORRUPT, _NOTADB
        11 | 26 => Class::Storage(Storage::Damaged),
        13 => Class::Storage(Storage::Full),
        // SQLITE_PERM, _READONLY, _IOERR, _CANTOPEN, _PROTOCOL (its file locks fail), _NOLFS
        3 | 8 | 10 | 14 | 15 | 22 => Class::Storage(Storage::Unusable),
        _ => Class::Bug,
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    const FULL: Class = Class::Storage(Storage::Full);
    const UNUSABLE: Class = Class::Storage(Storage::Unusable);
    const DAMAGED: Class = Class::Storage(Storage::Damaged);
    const MEMORY: Class = Class::Storage(Storage::OutOfMemory);

    /// All codes that SQLite 3.51 documents, by their primary code: its own class, then the extended codes.
    const DOCUMENTED: [(i32, Class, &[i32]); 28] = [
        // ERROR: MISSING_COLLSEQ, RETRY, SNAPSHOT, RESERVESIZE, KEY, UNABLE
        (1, Class::Bug, &[257, 513, 769, 1025, 1281, 1537]),
        // INTERNAL, PERM
        (2, Class::Bug, &[]),
        (3, UNUSABLE, &[]),
        // ABORT: ROLLBACK
        (4, Class::Bug, &[516]),
        // BUSY: RECOVERY, SNAPSHOT, TIMEOUT
        (5, Class::Contended, &[261, 517, 773]),
        // LOCKED: SHAREDCACHE, VTAB
        (6, Class::Contended, &[262, 518]),
        // NOMEM
        (7, MEMORY, &[]),
        // READONLY: RECOVERY, CANTLOCK, ROLLBACK, DBMOVED, CANTINIT, DIRECTORY
        (8, UNUSABLE, &[264, 520, 776, 1032, 1288, 1544]),
        // INTERRUPT
        (9, Class::Interrupted, &[]),
        // IOERR: READ, SHORT_READ, WRITE, FSYNC, DIR_FSYNC, TRUNCATE, FSTAT, UNLOCK, RDLOCK, DELETE, BLOCKED, ACCESS,
        // CHECKRESERVEDLOCK, LOCK, CLOSE, DIR_CLOSE, SHMOPEN, SHMSIZE, SHMLOCK, SHMMAP, SEEK, DELETE_NOENT, MMAP,
        // GETTEMPPATH, CONVPATH, VNODE, AUTH, BEGIN_ATOMIC, COMMIT_ATOMIC, ROLLBACK_ATOMIC, DATA, CORRUPTFS, IN_PAGE,
        // BADKEY, CODEC
        (
            10,
            UNUSABLE,
            &[
                266, 522, 778, 1034, 1290, 1546, 1802, 2058, 2314, 2570, 2826, 3338, 3594, 3850,
                4106, 4362, 4618, 4874, 5130, 5386, 5642, 5898, 6154, 6410, 6666, 6922, 7178, 7434,
                7690, 7946, 8202, 8458, 8714, 8970, 9226,
            ],
        ),
        // CORRUPT: VTAB, SEQUENCE, INDEX
        (11, DAMAGED, &[267, 523, 779]),
        // NOTFOUND
        (12, Class::Bug, &[]),
        // FULL
        (13, FULL, &[]),
        // CANTOPEN: NOTEMPDIR, ISDIR, FULLPATH, CONVPATH, DIRTYWAL, SYMLINK
        (14, UNUSABLE, &[270, 526, 782, 1038, 1294, 1550]),
        // PROTOCOL, EMPTY, SCHEMA, TOOBIG
        (15, UNUSABLE, &[]),
        (16, Class::Bug, &[]),
        (17, Class::Contended, &[]),
        (18, Class::Bug, &[]),
        // CONSTRAINT: CHECK, COMMITHOOK, FOREIGNKEY, FUNCTION, NOTNULL, TRIGGER, VTAB, PINNED, DATATYPE
        (
            19,
            Class::Bug,
            &[275, 531, 787, 1043, 1299, 1811, 2323, 2835, 3091],
        ),
        // MISMATCH, MISUSE, NOLFS
        (20, Class::Bug, &[]),
        (21, Class::Bug, &[]),
        (22, UNUSABLE, &[]),
        // AUTH: USER
        (23, Class::Bug, &[279]),
        // FORMAT, RANGE
        (24, Class::Bug, &[]),
        (25, Class::Bug, &[]),
        // NOTADB
        (26, DAMAGED, &[]),
        // NOTICE: RECOVER_WAL, RECOVER_ROLLBACK, RBU. WARNING: AUTOINDEX. They are for a log and never an error.
        (27, Class::Bug, &[283, 539, 795]),
        (28, Class::Bug, &[284]),
    ];

    #[test]
    fn every_documented_code_has_the_class_of_its_low_byte() {
        for (primary, expected, extended) in DOCUMENTED {
            for code in extended.iter().chain([&primary]) {
                assert_eq!(code & 0xff, primary, "{code}");
                assert_eq!(class(*code), expected, "{code}");
            }
        }
    }

    #[test]
    fn a_code_that_means_something_else_than_its_low_byte_is_told_apart() {
        // PRIMARYKEY, UNIQUE and ROWID of CONSTRAINT, NOMEM of IOERR
        for code in [1555, 2067, 2579] {
            assert_eq!(class(code), Class::Unique, "{code}");
        }
        assert_eq!(class(3082), MEMORY);
    }

    #[test]
    fn a_code_of_a_later_version_has_the_class_of_its_low_byte() {
        assert_eq!(class(10 + (99 << 8)), UNUSABLE);
        assert_eq!(class(5 | (99 << 8)), Class::Contended);
        assert_eq!(class(19 + (99 << 8)), Class::Bug);
    }
}
