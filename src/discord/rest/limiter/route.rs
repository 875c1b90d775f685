//! Which limit a request counts towards, as far as its path tells.
//!
//! Pure. Invariant: two requests of one route differ in nothing but ids and tokens.

/// How a request stands to Discord's limit over everything.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(in crate::discord::rest) enum Class {
    /// The acknowledgement of an interaction: not bound to it, and useless after three seconds.
    Callback,
    /// A later answer to an interaction: not bound to it either.
    Answer,
    /// Everything else.
    Other,
}

/// A route and its major parameter.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(in crate::discord::rest) struct Route {
    /// The method and the path, without ids and tokens.
    pub(in crate::discord::rest) name: String,
    /// The channel, the guild, the webhook with its token or the interaction; else empty.
    pub(in crate::discord::rest) major: String,
    /// Its class.
    pub(in crate::discord::rest) class: Class,
    /// Whether it is sent with the bot's token.
    pub(in crate::discord::rest) is_authorized: bool,
}

impl Route {
    /// The route of a request to `path`, which begins after the version and may have a query.
    pub(in crate::discord::rest) fn of(method: &str, path: &str, is_authorized: bool) -> Self {
        let path = path.split('?').next().unwrap_or_default();
        let parts: Vec<_> = path.trim_matches('/').split('/').collect();
        let (class, major_parts) = match parts.as_slice() {
            ["interactions", _, _, "callback"] => (Class::Callback, 1),
            ["webhooks", _, _, ..] => (Class::Answer, 2),
            ["channels" | "guilds" | "webhooks", _, ..] => (Class::Other, 1),
            _ => (Class::Other, 0),
        };
        // A token in the path is no number.
        let has_token = matches!(class, Class::Callback | Class::Answer);
        let is_id = |at: usize, part: &str| {
            (has_token && at == 2) || part.bytes().all(|byte| byte.is_ascii_digit())
        };
        let mut name = method.to_owned();
        for (at, part) in parts.iter().enumerate() {
            name.push(if at == 0 { ' ' } else { '/' });
            name.push_str(if at > 0 && is_id(at, part) {
                "{}"
            } else {
                part
            });
        }
        let major = parts.get(1..=major_parts).unwrap_or_default().join("/");
        Self {
            name,
            major,
            class,
            is_authorized,
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn ids_and_tokens_are_no_part_of_a_route() {
        for (method, path, name, major, class) in [
            (
                "PATCH",
                "channels/12/messages/34",
                "PATCH channels/{}/messages/{}",
                "12",
                Class::Other,
            ),
            (
                "POST",
                "channels/12/messages?x=1",
                "POST channels/{}/messages",
                "12",
                Class::Other,
            ),
            (
                "GET",
                "guilds/5/scheduled-events",
                "GET guilds/{}/scheduled-events",
                "5",
                Class::Other,
            ),
            (
                "POST",
                "interactions/7/to.ken/callback?with_response=false",
                "POST interactions/{}/{}/callback",
                "7",
                Class::Callback,
            ),
            (
                "PATCH",
                "webhooks/9/to.ken/messages/@original",
                "PATCH webhooks/{}/{}/messages/@original",
                "9/to.ken",
                Class::Answer,
            ),
            (
                "POST",
                "users/@me/channels",
                "POST users/@me/channels",
                "",
                Class::Other,
            ),
            ("GET", "gateway/bot", "GET gateway/bot", "", Class::Other),
        ] {
            let route = Route::of(method, path, true);
            assert_eq!(
                (route.name.as_str(), route.major.as_str(), route.class),
                (name, major, class)
            );
        }
    }
}
