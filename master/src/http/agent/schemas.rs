//! Names of the schemas in `schemas.json`, for the endpoints' descriptions.
//!
//! The wire types of `neon_shared` are `no_std` and know nothing of OpenAPI; a test below holds the file against them.

use salvo::oapi::{Components, Ref, RefOr, Schema, ToSchema};

macro_rules! schemas {
    ($($name:ident)+) => {
        $(
            pub enum $name {}

            impl ToSchema for $name {
                fn to_schema(_components: &mut Components) -> RefOr<Schema> {
                    RefOr::Ref(Ref::from_schema_name(stringify!($name)))
                }
            }
        )+
    };
}

schemas! { RegisterRequest RegisterAnswer MetricsRequest ServerMetrics ContainersRequest ListAnswer HeartbeatRequest HeartbeatAnswer Refusal }

#[cfg(test)]
mod tests {
    use std::collections::BTreeSet;

    use neon_shared::api::{
        ContainersRequest, HeartbeatData, HeartbeatRequest, HostFingerprint, RefusedReason, RegisterData,
        RegisterRequest,
    };
    use neon_shared::metrics::ServerInfo;
    use serde_json::{Value, json, to_value};

    use crate::domain::intake::{RefusedSummary, WireContainer};
    use crate::model::{Readings, Sample, full_readings};

    /// Whether the schema at `pointer` has exactly the properties that `value` is written with.
    fn holds(pointer: &str, value: impl serde::Serialize) {
        let file: Value = serde_json::from_str(include_str!("schemas.json")).unwrap();
        let described = file.pointer(&format!("{pointer}/properties")).unwrap().as_object().unwrap();
        let written = to_value(value).unwrap();
        let names = |keys: serde_json::map::Keys<'_>| keys.cloned().collect::<BTreeSet<String>>();
        assert_eq!(names(described.keys()), names(written.as_object().unwrap().keys()), "{pointer}");
    }

    /// Walks `value` along the schema called `name`: each field is described, and each field described is there.
    fn walk(schemas: &Value, path: &str, schema: &Value, value: &Value) {
        let described = match schema["$ref"].as_str() {
            Some(reference) => &schemas[reference.trim_start_matches("#/components/schemas/")],
            None => schema,
        };
        match value {
            Value::Object(fields) => {
                let properties = described["properties"].as_object().unwrap_or_else(|| panic!("{path} has no schema"));
                let names = |map: &serde_json::Map<String, Value>| map.keys().cloned().collect::<BTreeSet<_>>();
                assert_eq!(names(properties), names(fields), "{path}");
                for (name, field) in fields {
                    let schema = &properties[name];
                    assert!(
                        schema["description"].as_str().is_some_and(|text| text.ends_with(['.', '…'])),
                        "{path}.{name}"
                    );
                    walk(schemas, &format!("{path}.{name}"), schema, field);
                }
            }
            Value::Array(list) => {
                assert_eq!((described["type"].as_str(), list.is_empty()), (Some("array"), false), "{path}");
                list.iter().for_each(|element| walk(schemas, &format!("{path}[]"), &described["items"], element));
            }
            Value::String(_) => assert_eq!(described["type"], "string", "{path}"),
            Value::Bool(_) => assert_eq!(described["type"], "boolean", "{path}"),
            Value::Number(number) => {
                assert_eq!(described["type"], if number.is_f64() { "number" } else { "integer" }, "{path}");
                assert!(described["minimum"].is_number(), "{path}");
                let is_share = path.ends_with("Percent");
                assert_eq!(described["maximum"].as_f64(), is_share.then_some(100.0), "{path}");
            }
            Value::Null => panic!("{path} is null, so nothing of it was compared"),
        }
    }

    #[test]
    fn every_reading_is_described_with_its_type_and_meaning() {
        let schemas: Value = serde_json::from_str(include_str!("schemas.json")).unwrap();
        let full = to_value(full_readings()).unwrap();
        // Each core has a number, all of them together have none.
        let mut first = full.clone();
        first["cpu"]["core"] = json!(0);
        first["cores"].as_array_mut().unwrap().truncate(1);
        for stalls in first["pressure"].as_object_mut().unwrap().values() {
            assert!(stalls["some"].is_object() && stalls["full"].is_object());
        }
        walk(&schemas, "readings", &json!({"$ref": "#/components/schemas/Readings"}), &first);
    }

    /// A field that may be absent must not be listed as required, and no other may be missing in that list.
    #[test]
    fn what_the_schemas_of_readings_require_is_what_decoding_requires() {
        fn check(schemas: &Value, root: &Value, pointer: &str, schema: &Value) {
            let described = match schema["$ref"].as_str() {
                Some(reference) => &schemas[reference.trim_start_matches("#/components/schemas/")],
                None => schema,
            };
            let fields = match root.pointer(pointer).unwrap() {
                Value::Array(_) => return check(schemas, root, &format!("{pointer}/0"), &described["items"]),
                Value::Object(fields) => fields,
                _ => return,
            };
            let required = described["required"].as_array().cloned().unwrap_or_default();
            for name in fields.keys() {
                let mut without = root.clone();
                without.pointer_mut(pointer).unwrap().as_object_mut().unwrap().remove(name);
                let is_required = serde_json::from_value::<Readings>(without).is_err();
                assert_eq!(required.contains(&json!(name)), is_required, "{pointer}/{name}");
                check(schemas, root, &format!("{pointer}/{name}"), &described["properties"][name]);
            }
        }
        let schemas: Value = serde_json::from_str(include_str!("schemas.json")).unwrap();
        let full = to_value(full_readings()).unwrap();
        check(&schemas, &full, "", &json!({"$ref": "#/components/schemas/Readings"}));
    }

    #[test]
    fn the_file_describes_the_wire_types() {
        let info = ServerInfo::<String>::default();
        let said = || Some(String::new());
        let host = HostFingerprint { machine: said(), engine: said() };
        let register = RegisterRequest {
            server_name: String::new(),
            server_info: info.clone(),
            agent_version: String::new(),
            credential: said(),
            host_fingerprint: Some(host.clone()),
        };
        holds("/HostFingerprint", host);
        let heartbeat = HeartbeatRequest { timestamp: Default::default(), agent_version: String::new() };
        holds("/RegisterRequest", register);
        holds("/ServerInfo", info);
        holds("/RegisterAnswer/properties/data", RegisterData { server_id: 7, token: String::new() });
        holds("/ServerMetrics", Sample { readings: Some(full_readings()), ..Sample::default() });
        let container = WireContainer {
            restart_count: Some(1),
            oom_killed: Some(true),
            created_at: Some(String::new()),
            compose_project: Some(String::new()),
            compose_service: Some(String::new()),
            labels_left_out: Some(1),
            ..WireContainer::default()
        };
        holds("/ContainerInfo", container);
        holds("/ContainersRequest", ContainersRequest { containers: [0; 0], containers_left_out: Some(1) });
        holds("/HeartbeatRequest", heartbeat);
        holds(
            "/HeartbeatAnswer/properties/data",
            HeartbeatData { server_time: Default::default(), token_expires_in: 1 },
        );
        holds("/ListAnswer/properties/data", RefusedSummary { without_readings: Some(1), ..RefusedSummary::default() });
        holds(
            "/ListAnswer/properties/data/properties/reasons/items",
            RefusedReason { index: 0, reason: String::new() },
        );
        holds("/Refusal", json!({"success": false, "error": ""}));
    }
}
