//! The products: list, detail, reviews and search.

use std::{collections::BTreeMap, sync::Arc, time::Duration};

use axum::{
    body::Bytes,
    extract::{Path, Query, State},
    http::{HeaderMap, StatusCode},
    response::{IntoResponse as _, Response},
};
use serde::{Deserialize, Serialize};
use serde_json::{Value as Json, json};

use super::{
    answer::{self, Refusal},
    defect::Defect,
    pages,
    sql::{self, Value},
    state::ShopState,
};

/// How long the reviews take in a shop with slow reviews; the budget is 500 ms.
const SLOWNESS: Duration = Duration::from_millis(650);
/// Characters of a search text at most.
const LONGEST_QUERY: usize = 200;

/// Something for sale.
#[derive(Debug, Clone, Serialize)]
pub(super) struct Product {
    /// Its number.
    pub(super) id: u32,
    /// Its name.
    pub(super) name: String,
    /// The shelf on which it stands.
    pub(super) category: &'static str,
    /// Its price in cents.
    pub(super) price: i64,
    /// Whether it is not yet announced; only the administration knows of such a product.
    #[serde(skip)]
    hidden: bool,
}

/// The parameters of a query, by name; of several with one name the last one counts.
pub(super) type Parameters = Query<BTreeMap<String, String>>;

/// What a shop sells when it opens.
pub(super) fn seed() -> Vec<Product> {
    const GOODS: [(&str, &str, i64, bool); 8] = [
        ("Folding anchor", "anchors", 4_990, false),
        ("Plough anchor", "anchors", 18_900, false),
        ("Mooring rope", "ropes", 2_450, false),
        ("Heaving line", "ropes", 1_200, false),
        ("Brass bell", "deck", 7_500, false),
        ("Hand lantern", "deck", 3_300, false),
        ("Tide tables", "books", 1_590, false),
        ("Unreleased sextant", "deck", 99_000, true),
    ];
    (1..)
        .zip(GOODS)
        .map(|(id, (name, category, price, hidden))| {
            let name = name.to_owned();
            Product { id, name, category, price, hidden }
        })
        .collect()
}

impl Product {
    fn column(&self, name: &str) -> Option<Value> {
        match name {
            "id" => Some(Value::Number(self.id.into())),
            "name" => Some(Value::Text(self.name.clone())),
            "category" => Some(Value::Text(self.category.to_owned())),
            "price" => Some(Value::Number(self.price)),
            "hidden" => Some(Value::Number(self.hidden.into())),
            _ => None,
        }
    }
}

/// `GET /products`: what is for sale, or one category of it.
pub(super) async fn list(
    State(shop): State<Arc<ShopState>>,
    Query(parameters): Parameters,
) -> Result<Response, Refusal> {
    let found = match parameters.get("category") {
        None => select(&shop, "hidden = 0", &[])?,
        Some(category) => by_category(&shop, category)?,
    };
    Ok(answer::data(&json!({ "products": found })))
}

/// `GET /products/{id}`: one product.
pub(super) async fn detail(
    State(shop): State<Arc<ShopState>>,
    Path(id): Path<String>,
) -> Result<Response, Refusal> {
    Ok(answer::data(&json!(find(&shop, &id)?)))
}

/// `GET /products/{id}/reviews`: what customers say.
pub(super) async fn reviews(
    State(shop): State<Arc<ShopState>>,
    Path(id): Path<String>,
) -> Result<Response, Refusal> {
    let product = find(&shop, &id)?;
    if shop.has(Defect::SlowReviews) {
        tokio::time::sleep(SLOWNESS).await;
    }
    let review = json!({ "stars": 4, "text": format!("{}: holds in any weather.", product.name) });
    Ok(answer::data(&json!({ "product": product.id, "reviews": [review] })))
}

/// `GET /search`: a page with the products whose name contains the text.
pub(super) async fn search(
    State(shop): State<Arc<ShopState>>,
    Query(parameters): Parameters,
) -> Result<Response, Refusal> {
    let text = bounded(parameters.get("q").map_or("", String::as_str))?;
    let found = if shop.has(Defect::SearchInjection) {
        select(&shop, &format!("name LIKE '%{text}%' AND hidden = 0"), &[])?
    } else {
        let wanted = Value::Text(text.to_owned());
        select(&shop, "name LIKE '%' || ?1 || '%' AND hidden = 0", &[wanted])?
    };
    let shown =
        if shop.has(Defect::SearchScripting) { text.to_owned() } else { answer::escape(text) };
    Ok(answer::page(pages::search(&shown, &found)))
}

/// `PUT /products/{id}`, which the description does not name: renames a product.
pub(super) async fn rename(
    State(shop): State<Arc<ShopState>>,
    Path(id): Path<String>,
    headers: HeaderMap,
    body: Bytes,
) -> Result<Response, Refusal> {
    let Rename { name } = answer::read_json(&headers, &body)?;
    let id = find(&shop, &id)?.id;
    let mut store = shop.store();
    let product = store.products.iter_mut().find(|product| product.id == id);
    let product = product.ok_or(Refusal::NotFound)?;
    bounded(&name)?.clone_into(&mut product.name);
    Ok(answer::data(&json!(product)))
}

/// `DELETE /products/{id}`, which the description does not name: removes a product.
pub(super) async fn remove(
    State(shop): State<Arc<ShopState>>,
    Path(id): Path<String>,
) -> Result<Response, Refusal> {
    let id = find(&shop, &id)?.id;
    shop.store().products.retain(|product| product.id != id);
    Ok(StatusCode::NO_CONTENT.into_response())
}

/// The product with the number, unless it is not yet announced.
pub(super) fn find(shop: &ShopState, id: &str) -> Result<Product, Refusal> {
    let id: u32 =
        id.parse().map_err(|_| Refusal::BadInput("the number of a product is a whole number"))?;
    let store = shop.store();
    let product = store.products.iter().find(|product| product.id == id && !product.hidden);
    product.cloned().ok_or(Refusal::NotFound)
}

/// All announced products.
pub(super) fn announced(shop: &ShopState) -> Vec<Json> {
    let store = shop.store();
    store.products.iter().filter(|product| !product.hidden).map(|product| json!(product)).collect()
}

#[derive(Deserialize)]
struct Rename {
    name: String,
}

fn by_category(shop: &ShopState, category: &str) -> Result<Vec<Product>, Refusal> {
    let category = bounded(category)?;
    if shop.has(Defect::SearchInjection) {
        return select(shop, &format!("category = '{category}' AND hidden = 0"), &[]);
    }
    select(shop, "category = ?1 AND hidden = 0", &[Value::Text(category.to_owned())])
}

fn select(
    shop: &ShopState,
    condition: &str,
    parameters: &[Value],
) -> Result<Vec<Product>, Refusal> {
    let statement = format!("SELECT * FROM products WHERE {condition}");
    let store = shop.store();
    let found = sql::select(&statement, parameters, &store.products, Product::column)
        .map_err(Refusal::Database)?;
    Ok(found.into_iter().cloned().collect())
}

fn bounded(text: &str) -> Result<&str, Refusal> {
    if text.chars().count() > LONGEST_QUERY {
        return Err(Refusal::BadInput("the text is longer than 200 characters"));
    }
    Ok(text)
}
