//! Requests that came before: to judge and read them once more would give the same.

use std::{collections::BTreeMap, sync::Arc};

use axum::body::Bytes;
use imagewire_types::operations::Operation;
use imagewire_validate::Target;
use quick_cache::{Weighter, sync::Cache};
use serde::Deserialize;

use crate::{
    admit,
    log::Judged,
    order::{Look, Order},
    refuse::Refusal,
};

/// What is kept takes up to about this many bytes.
const KEPT_BYTES: u64 = 16 << 20;
/// What an order takes beside its request, in bytes: its pictures, and the last answer to it.
const OVERHEAD: usize = 16 << 10;
/// About as many orders fit.
const KEPT: usize = 1_000;

/// The service, the model that its deployment is bound to, and the digest of the body: all that decides an order.
type Key = (&'static str, Option<String>, [u8; 32]);

/// A request that was let in.
#[derive(Clone)]
pub(crate) struct Admitted {
    pub(crate) order: Arc<Order>,
    pub(crate) judged: Arc<Judged>,
}

#[derive(Clone, Copy)]
struct BySize;

impl Weighter<Key, Admitted> for BySize {
    fn weight(&self, _: &Key, admitted: &Admitted) -> u64 {
        u64::try_from(admitted.order.prompt.len() + OVERHEAD).unwrap_or(u64::MAX)
    }
}

/// Orders by the requests that gave them. What is refused is not kept.
pub(crate) struct Orders {
    kept: Cache<Key, Admitted, BySize>,
    look: Look,
    /// The models that deployments are bound to.
    deployments: BTreeMap<String, String>,
}

/// Of a body only what it calls the model: the later editions of services name the deployment there.
#[derive(Deserialize)]
struct Named {
    model: Option<String>,
}

impl Orders {
    pub(crate) fn new(look: Look, deployments: BTreeMap<String, String>) -> Self {
        Self { kept: Cache::with_weighter(KEPT, KEPT_BYTES, BySize), look, deployments }
    }

    /// The model that a deployment is bound to.
    pub(crate) fn bound(&self, deployment: &str) -> Option<&str> {
        self.deployments.get(deployment).map(String::as_str)
    }

    /// The order that a body is, sent to the deployment in its path if there is one. `judged` gets what is told of it, if
    /// it is refused as well.
    pub(crate) fn admit(
        &self,
        body: &Bytes,
        digest: [u8; 32],
        operation: &'static Operation,
        deployment: Option<&str>,
        judged: &mut Arc<Judged>,
    ) -> Result<Arc<Order>, Refusal> {
        let bound = |deployment: &str| self.bound(deployment).map(str::to_owned);
        let model = deployment.and_then(bound);
        let key = (operation.dialect, model.clone(), digest);
        if let Some(admitted) = self.kept.get(&key) {
            *judged = admitted.judged;
            return Ok(admitted.order);
        }
        let target = Target::new(operation.dialect).map_err(|error| Refusal::internal(&error))?;
        let model = model.or_else(|| {
            let named = deployment.is_none() && !self.deployments.is_empty();
            let named = named.then(|| serde_json::from_slice::<Named>(body).ok()).flatten();
            bound(&named?.model?)
        });
        let target = match &model {
            Some(model) => target.served_by(model),
            None => target,
        };
        let request = admit::body(body, &target, operation, judged)?;
        let order = Arc::new(Order::new(request, &target, operation, self.look)?);
        self.kept.insert(key, Admitted { order: Arc::clone(&order), judged: Arc::clone(judged) });
        Ok(order)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn what_decides_an_order_keeps_it_apart() {
        let bound = |(name, model): (&str, &str)| (name.to_owned(), model.to_owned());
        let deployments = [("two", "dall-e-2"), ("three", "dall-e-3")].map(bound).into();
        let orders = Orders::new(Look { seed: 0, texture: 0 }, deployments);
        let operation = &imagewire_types::operations::HICAP;
        let admit = |body: &'static str, model| {
            let digest = [u8::try_from(body.len()).expect("a short body"); 32];
            let mut judged = Arc::default();
            let order = orders.admit(&Bytes::from(body), digest, operation, model, &mut judged);
            (order.ok(), judged)
        };
        let body = r#"{"prompt":"x","size":"512x512"}"#;
        let (first, told) = admit(body, Some("two"));
        let (again, told_again) = admit(body, Some("two"));
        assert!(Arc::ptr_eq(&first.expect("an order"), &again.expect("an order")));
        assert_eq!(told, told_again);
        let (refused, told) = admit(body, Some("three"));
        assert!(refused.is_none(), "another model is another request");
        assert_ne!(told, Arc::default());
        assert!(admit(body, Some("three")).0.is_none(), "a refusal stays one");
        assert!(admit(body, Some("another")).0.is_some(), "a deployment of any name works");
    }

    #[test]
    fn later_editions_name_the_deployment_in_the_body() {
        let deployments = [("draw".to_owned(), "gpt-image-2".to_owned())].into();
        let orders = Orders::new(Look { seed: 0, texture: 0 }, deployments);
        let operation = &imagewire_types::operations::AZURE_V1;
        let admit = |body: &'static str| {
            let digest = [u8::try_from(body.len()).expect("a short body"); 32];
            orders.admit(&Bytes::from(body), digest, operation, None, &mut Arc::default())
        };
        let order = admit(r#"{"model":"draw","prompt":"x"}"#).expect("an order");
        assert_eq!((order.model.as_str(), order.is_gpt()), ("gpt-image-2", true));
        let refused = admit(r#"{"model":"draw","prompt":"x","response_format":"url"}"#);
        assert!(refused.is_err(), "the model's rules hold");
    }
}
