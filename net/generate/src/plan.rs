//! A schema, resolved: which structs it has, in which versions each can occur, and what type each field is.

use crate::facts::{Field, Range, Schema};
use crate::{Result, names};

/// A message and its structs, in the order in which they are met.
pub(crate) struct Plan {
    pub(crate) name: String,
    pub(crate) versions: Range,
    pub(crate) flexible: Range,
    pub(crate) structs: Vec<Struct>,
}

/// A struct: the message itself (the first of them) or a part of it.
pub(crate) struct Struct {
    /// Kafka's name.
    pub(crate) name: String,
    /// The name in Rust.
    pub(crate) rust: String,
    /// The versions in which it can occur.
    pub(crate) versions: Range,
    /// The field that holds it, in Rust; none for the message itself.
    pub(crate) held_by: Option<String>,
    pub(crate) members: Vec<Member>,
}

/// A field, in the versions of its struct.
pub(crate) struct Member {
    pub(crate) name: String,
    pub(crate) rust: String,
    pub(crate) kind: Kind,
    pub(crate) versions: Range,
    pub(crate) nullable: Range,
    pub(crate) tag: Option<u32>,
    pub(crate) ignorable: bool,
    pub(crate) default: String,
}

/// A type.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(crate) enum Kind {
    Bool,
    /// A number: its name in Rust and its name in Kafka, and its size in bytes.
    Number(&'static str, &'static str, usize),
    Uuid,
    String,
    Bytes,
    Records,
    Struct(String),
    Array(Box<Kind>),
}

impl Kind {
    fn parse(text: &str) -> Kind {
        match text {
            "bool" => Kind::Bool,
            "int8" => Kind::Number("i8", "int8", 1),
            "int16" => Kind::Number("i16", "int16", 2),
            "uint16" => Kind::Number("u16", "uint16", 2),
            "int32" => Kind::Number("i32", "int32", 4),
            "int64" => Kind::Number("i64", "int64", 8),
            "float64" => Kind::Number("f64", "float64", 8),
            "uuid" => Kind::Uuid,
            "string" => Kind::String,
            "bytes" => Kind::Bytes,
            "records" => Kind::Records,
            _ => match text.strip_prefix("[]") {
                Some(element) => Kind::Array(Box::new(Kind::parse(element))),
                None => Kind::Struct(text.to_owned()),
            },
        }
    }

    /// The struct that it is, or that its elements are.
    fn struct_name(&self) -> Option<&str> {
        match self {
            Kind::Struct(name) => Some(name),
            Kind::Array(element) => element.struct_name(),
            _ => None,
        }
    }

    /// Kafka's notation.
    pub(crate) fn kafka(&self) -> String {
        match self {
            Kind::Bool => "bool".to_owned(),
            Kind::Number(_, kafka, _) => (*kafka).to_owned(),
            Kind::Uuid => "uuid".to_owned(),
            Kind::String => "string".to_owned(),
            Kind::Bytes => "bytes".to_owned(),
            Kind::Records => "records".to_owned(),
            Kind::Struct(name) => name.clone(),
            Kind::Array(element) => format!("array of {}", element.kafka()),
        }
    }
}

impl Plan {
    pub(crate) fn new(schema: &Schema) -> Result<Plan> {
        let versions = schema.versions()?;
        let mut plan = Plan { name: schema.name.clone(), versions, flexible: schema.flexible()?, structs: Vec::new() };
        plan.visit(schema, &schema.name, &schema.fields, versions, None)?;
        for part in &mut plan.structs {
            for member in &mut part.members {
                member.versions = member.versions.intersect(part.versions);
                member.nullable = member.nullable.intersect(member.versions);
            }
            part.members.retain(|member| !member.versions.is_empty());
        }
        Ok(plan)
    }

    fn visit(
        &mut self,
        schema: &Schema,
        name: &str,
        fields: &[Field],
        versions: Range,
        held_by: Option<&str>,
    ) -> Result<()> {
        match self.structs.iter_mut().find(|known| known.name == name) {
            Some(known) => known.versions = known.versions.hull(versions),
            None => {
                let members = fields.iter().map(Member::new).collect::<Result<_>>()?;
                let held_by = held_by.map(str::to_owned);
                self.structs.push(Struct { name: name.to_owned(), rust: name.to_owned(), versions, held_by, members });
            }
        }
        for field in fields {
            let versions = field.versions()?.intersect(versions);
            let kind = Kind::parse(&field.kind);
            let Some(inner) = kind.struct_name() else { continue };
            let common = schema.common_structs.iter().find(|common| common.name == inner);
            let inner_fields = common.map_or(field.fields.as_slice(), |common| common.fields.as_slice());
            if !versions.is_empty() {
                self.visit(schema, inner, inner_fields, versions, Some(&names::field(&field.name)))?;
            }
        }
        Ok(())
    }

    pub(crate) fn part(&self, name: &str) -> Result<&Struct> {
        let found = self.structs.iter().find(|known| known.name == name);
        found.ok_or_else(|| format!("{} has no struct {name}", self.name).into())
    }

    /// Whether the type borrows from the received bytes.
    pub(crate) fn borrows(&self, kind: &Kind) -> Result<bool> {
        match kind {
            Kind::Bool | Kind::Number(..) | Kind::Uuid => Ok(false),
            Kind::String | Kind::Bytes | Kind::Records | Kind::Array(_) => Ok(true),
            Kind::Struct(name) => self.struct_borrows(self.part(name)?),
        }
    }

    pub(crate) fn struct_borrows(&self, part: &Struct) -> Result<bool> {
        for member in &part.members {
            if self.borrows(&member.kind)? {
                return Ok(true);
            }
        }
        Ok(false)
    }

    /// The fewest bytes that the struct takes in any of its versions.
    pub(crate) fn bytes_min(&self, part: &Struct) -> Result<usize> {
        let mut fewest = usize::MAX;
        for version in part.versions.min..=part.versions.max {
            fewest = fewest.min(self.bytes_min_in(part, version)?);
        }
        Ok(fewest)
    }

    fn bytes_min_in(&self, part: &Struct, version: i16) -> Result<usize> {
        let flexible = self.flexible.contains(version);
        let mut bytes = usize::from(flexible);
        for member in part.members.iter().filter(|member| member.tag.is_none() && member.versions.contains(version)) {
            bytes += match &member.kind {
                Kind::Bool => 1,
                Kind::Number(_, _, size) => *size,
                Kind::Uuid => 16,
                Kind::String if !flexible => 2,
                Kind::Bytes | Kind::Records | Kind::Array(_) if !flexible => 4,
                Kind::Struct(name) if member.nullable.is_empty() => self.bytes_min_in(self.part(name)?, version)?,
                _ => 1,
            };
        }
        Ok(bytes)
    }
}

impl Member {
    fn new(field: &Field) -> Result<Member> {
        let versions = field.versions()?;
        let tagged = field.tagged()?;
        if field.tag.is_some() && tagged != versions {
            return Err(format!("{} is tagged in some of its versions only: not supported", field.name).into());
        }
        Ok(Member {
            name: field.name.clone(),
            rust: names::field(&field.name),
            kind: Kind::parse(&field.kind),
            versions,
            nullable: field.nullable()?,
            tag: field.tag,
            ignorable: field.ignorable,
            default: field.default()?,
        })
    }

    /// Whether it is an `Option`.
    pub(crate) fn is_nullable(&self) -> bool {
        !self.nullable.is_empty()
    }

    /// Whether its default is null. Record batches that may be null are null by default, as in Kafka.
    pub(crate) fn defaults_to_null(&self) -> bool {
        self.is_nullable() && (self.default == "null" || self.kind == Kind::Records)
    }
}
