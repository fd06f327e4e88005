//! Which path leads where.

use std::sync::Arc;

use axum::{
    Router, middleware,
    routing::{get, post},
};

use super::{account, catalogue, defect::Defect, files, front, orders, service, state::ShopState};

/// All routes of the shop, behind its front door.
pub(super) fn router(shop: ShopState) -> Router {
    let shop = Arc::new(shop);
    let inner = documented(&shop).merge(undocumented(&shop)).fallback(service::nowhere);
    let door = middleware::from_fn_with_state(Arc::clone(&shop), front::door);
    // As the fallback of an empty router, all routes lie behind the door: it sees a request before
    // its method is matched.
    Router::new().fallback_service(inner.with_state(shop)).layer(door)
}

fn documented(shop: &ShopState) -> Router<Arc<ShopState>> {
    let mut product = get(catalogue::detail);
    if shop.has(Defect::UndocumentedWrites) {
        product = product.put(catalogue::rename).delete(catalogue::remove);
    }
    Router::new()
        .route("/", get(service::home))
        .route("/health", get(service::health))
        .route("/metrics", get(service::metrics))
        .route("/products", get(catalogue::list))
        .route("/products/{id}", product)
        .route("/products/{id}/reviews", get(catalogue::reviews))
        .route("/search", get(catalogue::search))
        .route("/login", post(account::login))
        .route("/register", post(account::register))
        .route("/me", get(account::me))
        .route("/orders", get(orders::list).post(orders::place))
        .route("/orders/{id}", get(orders::detail))
        .route("/admin/users", get(account::list))
        .route("/upload", post(files::upload))
        .route("/files/{name}", get(files::uploaded))
        .route("/download", get(files::download))
        .route("/go", get(service::redirect))
}

fn undocumented(shop: &ShopState) -> Router<Arc<ShopState>> {
    let mut router = Router::new()
        .route("/openapi.json", get(service::description))
        .route("/docs", get(service::documentation));
    if shop.has(Defect::GitExposed) {
        router = router
            .route("/.git/HEAD", get(files::git_head))
            .route("/.git/config", get(files::git_config));
    }
    if shop.has(Defect::EnvFileExposed) {
        router = router.route("/.env", get(files::env_file));
    }
    if shop.has(Defect::DebugConsole) {
        router = router.route("/console", get(service::console));
    }
    router
}
