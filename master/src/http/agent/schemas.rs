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

schemas! { RegisterRequest RegisterAnswer MetricsRequest ContainersRequest ListAnswer HeartbeatRequest HeartbeatAnswer Refusal }

#[cfg(test)]
mod tests {
    use std::collections::BTreeSet;

    use neon_shared::api::{HeartbeatData, HeartbeatRequest, RefusedReason, RegisterData, RegisterRequest};
    use neon_shared::metrics::{ServerInfo, ServerMetrics};
    use serde_json::{Value, json, to_value};

    use crate::domain::intake::{RefusedSummary, WireContainer};

    /// Whether the schema at `pointer` has exactly the properties that `value` is written with.
    fn holds(pointer: &str, value: impl serde::Serialize) {
        let file: Value = serde_json::from_str(include_str!("schemas.json")).unwrap();
        let described = file.pointer(&format!("{pointer}/properties")).unwrap().as_object().unwrap();
        let written = to_value(value).unwrap();
        let names = |keys: serde_json::map::Keys<'_>| keys.cloned().collect::<BTreeSet<String>>();
        assert_eq!(names(described.keys()), names(written.as_object().unwrap().keys()), "{pointer}");
    }

    #[test]
    fn the_file_describes_the_wire_types() {
        let info = ServerInfo::<String>::default();
        let register =
            RegisterRequest { server_name: String::new(), server_info: info.clone(), agent_version: String::new() };
        let heartbeat = HeartbeatRequest { timestamp: Default::default(), agent_version: String::new() };
        holds("/RegisterRequest", register);
        holds("/ServerInfo", info);
        holds("/RegisterAnswer/properties/data", RegisterData { server_id: 7, token: String::new() });
        holds("/ServerMetrics", <ServerMetrics>::default());
        holds("/ContainerInfo", WireContainer::default());
        holds("/HeartbeatRequest", heartbeat);
        holds(
            "/HeartbeatAnswer/properties/data",
            HeartbeatData { server_time: Default::default(), token_expires_in: 1 },
        );
        holds("/ListAnswer/properties/data", RefusedSummary { accepted: 0, refused: 0, reasons: Vec::new() });
        holds(
            "/ListAnswer/properties/data/properties/reasons/items",
            RefusedReason { index: 0, reason: String::new() },
        );
        holds("/Refusal", json!({"success": false, "error": ""}));
    }
}
