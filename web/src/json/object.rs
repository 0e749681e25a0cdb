//! JSON objects as text: their members are selected, measured and sent without a tree of values.
use std::{
    cell::Cell,
    io::{self, Write},
};

use kernel::{Error, Result};
use serde::Serialize;
use serde_json::{Serializer, ser::Formatter};

/// An object that was written once.
#[derive(Debug, Clone)]
pub struct Object {
    /// The members, one after another.
    text: Vec<u8>,
    members: Vec<Member>,
}

/// The places in the text where a member begins, where its value begins, and where both end.
#[derive(Debug, Clone, Copy)]
struct Member {
    start: usize,
    value: usize,
    end: usize,
}

impl Object {
    /// Writes a value. Fails unless it is an object.
    pub fn new(value: &impl Serialize) -> Result<Self> {
        let length = Cell::new(0);
        let mut members = Vec::new();
        let text = Counted {
            text: Vec::with_capacity(512),
            length: &length,
        };
        let places = Places {
            length: &length,
            members: &mut members,
            depth: 0,
        };
        let mut serializer = Serializer::with_formatter(text, places);
        value.serialize(&mut serializer).map_err(Error::internal)?;
        let Counted { text, .. } = serializer.into_inner();
        if members.is_empty() && !text.is_empty() {
            return Err(Error::bug("a row is not a JSON object"));
        }
        Ok(Self { text, members })
    }

    /// Keeps the members with these names.
    pub fn retain(&mut self, is_kept: impl Fn(&str) -> bool) {
        let Self { text, members } = self;
        members.retain(|member| is_kept(member.name(text)));
    }

    /// Returns the value of a member that is an integer.
    pub fn integer(&self, name: &str) -> Option<i64> {
        let mut members = self.members.iter();
        let member = members.find(|member| member.name(&self.text) == name)?;
        let value = &self.text[member.value..member.end];
        str::from_utf8(value).ok()?.parse().ok()
    }

    /// Returns the bytes of the members with these names, each with the comma after it.
    pub fn size_of(&self, is_counted: impl Fn(&str) -> bool) -> u64 {
        let counted = |member: &&Member| is_counted(member.name(&self.text));
        let members = self.members.iter().filter(counted);
        members
            .map(|member| (member.end - member.start) as u64 + 1)
            .sum()
    }

    /// Returns the bytes of the object with the comma after it.
    pub fn size(&self) -> u64 {
        self.size_of(|_| true) + 3
    }

    /// Copies the members into an object.
    pub fn write_members(&self, object: &mut ObjectWriter<'_>) {
        for member in &self.members {
            object.separate();
            let text = &self.text[member.start..member.end];
            object.text.extend_from_slice(text);
        }
    }

    /// Appends the object to a text.
    pub fn write(&self, text: &mut Vec<u8>) {
        let mut object = ObjectWriter::begin(text);
        self.write_members(&mut object);
        object.end();
    }
}

impl Member {
    /// Returns the name of the member, which is in quotes and followed by a colon.
    fn name(self, text: &[u8]) -> &str {
        str::from_utf8(&text[self.start + 1..self.value - 2]).unwrap_or_default()
    }
}

/// Writes an object member by member.
#[derive(Debug)]
pub struct ObjectWriter<'a> {
    text: &'a mut Vec<u8>,
    is_empty: bool,
}

impl<'a> ObjectWriter<'a> {
    pub fn begin(text: &'a mut Vec<u8>) -> Self {
        text.push(b'{');
        Self {
            text,
            is_empty: true,
        }
    }

    /// Writes a member. Fails if the value cannot be serialized.
    pub fn member(
        &mut self,
        name: &str,
        value: &(impl Serialize + ?Sized),
    ) -> serde_json::Result<()> {
        serde_json::to_writer(self.name(name), value)
    }

    /// Writes the name of a member, and returns the text for its value. The name must need no escapes.
    pub fn name(&mut self, name: &str) -> &mut Vec<u8> {
        self.separate();
        self.text.push(b'"');
        self.text.extend_from_slice(name.as_bytes());
        self.text.extend_from_slice(b"\":");
        self.text
    }

    pub fn end(self) {
        self.text.push(b'}');
    }

    fn separate(&mut self) {
        if !self.is_empty {
            self.text.push(b',');
        }
        self.is_empty = false;
    }
}

/// Writes an array, whose items `write` appends.
pub fn write_array<T>(text: &mut Vec<u8>, items: &[T], write: impl Fn(&T, &mut Vec<u8>)) {
    text.push(b'[');
    for (index, item) in items.iter().enumerate() {
        if index > 0 {
            text.push(b',');
        }
        write(item, text);
    }
    text.push(b']');
}

/// A text that tells its length to [`Places`].
struct Counted<'a> {
    text: Vec<u8>,
    length: &'a Cell<usize>,
}

impl Write for Counted<'_> {
    fn write(&mut self, bytes: &[u8]) -> io::Result<usize> {
        self.text.extend_from_slice(bytes);
        self.length.set(self.text.len());
        Ok(bytes.len())
    }

    fn flush(&mut self) -> io::Result<()> {
        Ok(())
    }
}

/// Notes the places of the members of the outermost object, whose braces and commas it leaves out.
struct Places<'a> {
    length: &'a Cell<usize>,
    members: &'a mut Vec<Member>,
    depth: usize,
}

impl Places<'_> {
    fn is_outermost(&self) -> bool {
        self.depth == 1
    }
}

impl Formatter for Places<'_> {
    fn begin_array<W: ?Sized + Write>(&mut self, writer: &mut W) -> io::Result<()> {
        if self.depth == 0 {
            return Err(io::Error::other("an array is not an object"));
        }
        writer.write_all(b"[")
    }

    fn begin_object<W: ?Sized + Write>(&mut self, writer: &mut W) -> io::Result<()> {
        self.depth += 1;
        if self.is_outermost() {
            return Ok(());
        }
        writer.write_all(b"{")
    }

    fn end_object<W: ?Sized + Write>(&mut self, writer: &mut W) -> io::Result<()> {
        let is_outermost = self.is_outermost();
        self.depth -= 1;
        if is_outermost {
            return Ok(());
        }
        writer.write_all(b"}")
    }

    fn begin_object_key<W: ?Sized + Write>(
        &mut self,
        writer: &mut W,
        is_first: bool,
    ) -> io::Result<()> {
        let start = self.length.get();
        if self.is_outermost() {
            self.members.push(Member {
                start,
                value: start,
                end: start,
            });
        } else if !is_first {
            writer.write_all(b",")?;
        }
        Ok(())
    }

    fn begin_object_value<W: ?Sized + Write>(&mut self, writer: &mut W) -> io::Result<()> {
        writer.write_all(b":")?;
        let value = self.length.get();
        if self.is_outermost()
            && let Some(member) = self.members.last_mut()
        {
            member.value = value;
        }
        Ok(())
    }

    fn end_object_value<W: ?Sized + Write>(&mut self, _: &mut W) -> io::Result<()> {
        let end = self.length.get();
        if self.is_outermost()
            && let Some(member) = self.members.last_mut()
        {
            member.end = end;
        }
        Ok(())
    }
}

#[cfg(test)]
mod tests {
    use serde_json::{Value, json};

    use super::*;

    fn text(object: &Object) -> String {
        let mut text = Vec::new();
        object.write(&mut text);
        String::from_utf8(text).unwrap()
    }

    fn parsed(object: &Object) -> Value {
        serde_json::from_str(&text(object)).unwrap()
    }

    #[test]
    fn an_object_is_written_as_it_is() {
        for value in [
            json!({}),
            json!({ "a": [1, -2.5, true, null, "\u{1}\""], "b": { "c": [], "d": { "e": [{}, { "f": 1 }] } } }),
            json!({ "text": "a,b\":{}", "empty": "", "number": 7 }),
        ] {
            let object = Object::new(&value).unwrap();

            assert_eq!(text(&object), value.to_string());
            assert_eq!(
                object.size(),
                text(&object).len() as u64 + if value == json!({}) { 1 } else { 2 }
            );
        }
        for value in [json!(null), json!([{ "a": 1 }]), json!("text"), json!(1)] {
            assert!(Object::new(&value).is_err(), "{value}");
        }
    }

    #[test]
    fn members_are_selected_measured_and_read() {
        let value =
            json!({ "id": 7, "title": "a", "owner": { "id": 8, "title": "b" }, "none": null });
        let mut object = Object::new(&value).unwrap();

        assert_eq!(object.integer("id"), Some(7));
        assert_eq!(object.integer("none"), None);
        assert_eq!(object.integer("title"), None);
        assert_eq!(object.integer("nothing"), None);
        let size = object.size_of(|name| name == "id" || name == "title");
        assert_eq!(size, r#""id":7,"title":"a","#.len() as u64);
        object.retain(|name| name != "title");
        let expected = json!({ "id": 7, "owner": { "id": 8, "title": "b" }, "none": null });
        assert_eq!(parsed(&object), expected);
    }

    #[test]
    fn members_and_arrays_are_separated_by_commas() {
        let mut text = Vec::new();
        let row = Object::new(&json!({ "a": 1, "b": 2 })).unwrap();
        let mut object = ObjectWriter::begin(&mut text);
        row.write_members(&mut object);
        object.member("c", &"x").unwrap();
        write_array(object.name("d"), &[row.clone(), row], Object::write);
        object.end();

        let expected = r#"{"a":1,"b":2,"c":"x","d":[{"a":1,"b":2},{"a":1,"b":2}]}"#;
        assert_eq!(String::from_utf8(text).unwrap(), expected);
    }
}
