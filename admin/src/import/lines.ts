/** Finds the records of a file by their lines, so that the refused ones can be downloaded, mended and imported again. */

export type Format = "ndjson" | "csv";

export const formatOf = (name: string): Format => (name.toLowerCase().endsWith(".csv") ? "csv" : "ndjson");

export const CONTENT_TYPES: Record<Format, string> = { ndjson: "application/x-ndjson", csv: "text/csv" };

/** Returns the records that begin in these lines, counted from 1; those of a CSV file below its header. */
export const recordsAt = (text: string, format: Format, lines: number[]): string => {
  const wanted = new Set(lines);
  const records = format === "csv" ? csvRecords(text) : text.split("\n").map((record, index) => ({ record, line: index + 1 }));
  const header = format === "csv" ? records.slice(0, 1) : [];
  const refused = records.slice(header.length).filter(({ line }) => wanted.has(line));
  return [...header, ...refused].map(({ record }) => `${record.replace(/\r?\n?$/, "")}\n`).join("");
};

/** A quoted cell may contain line ends. */
const csvRecords = (text: string): { record: string; line: number }[] => {
  const records: { record: string; line: number }[] = [];
  let start = 0;
  let line = 1;
  let first = 1;
  let isQuoted = false;
  for (let i = 0; i <= text.length; i += 1) {
    const char = text[i];
    if (char === '"') isQuoted = !isQuoted;
    if (char === "\n") line += 1;
    if ((char === "\n" && !isQuoted) || i === text.length) {
      const record = text.slice(start, i);
      if (record.trim()) records.push({ record, line: first });
      start = i + 1;
      first = line;
    }
  }
  return records;
};
