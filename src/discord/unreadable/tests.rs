//! A click with something odd in it, for each kind of oddness.

use super::*;

fn click() -> Value {
    json!({
        "id": "11", "application_id": "12", "token": "secret", "version": 1, "type": 3,
        "attachment_size_limit": 1, "authorizing_integration_owners": {"0": "13"},
        "channel": {"id": "14", "type": 0, "name": "general"}, "channel_id": "14",
        "guild_id": "13", "context": 0, "entitlements": [], "locale": "en-GB",
        "guild": {"id": "13", "locale": "en-US", "features": []},
        "member": {
            "user": {
                "id": "15", "username": "ana", "global_name": "Ana", "discriminator": "0",
                "avatar": null,
            },
            "nick": null, "permissions": "8", "roles": ["16"], "deaf": false, "mute": false,
            "flags": 0, "joined_at": "2026-01-01T00:00:00+00:00",
        },
        "data": {"custom_id": "join:1", "component_type": 2},
    })
}

fn with(pointer: &str, value: Value) -> Value {
    let mut click = click();
    let (parent, key) = pointer.rsplit_once('/').expect("a pointer");
    click.pointer_mut(parent).expect("it is there")[key] = value;
    click
}

#[test]
fn an_odd_field_that_nobody_needs_is_left_out_and_named() {
    let odd_user = json!({"id": "17", "username": "reaper", "discriminator": "0", "avatar": "v2"});
    for (pointer, value, fields) in [
        ("/member/user/avatar", json!("v2:abc"), "member.user.avatar"),
        ("/member/avatar", json!("secret-name"), "member.avatar"),
        ("/member/joined_at", json!("soon"), "member.joined_at"),
        (
            "/member/user/public_flags",
            json!("many"),
            "member.user.public_flags",
        ),
        (
            "/channel/last_pin_timestamp",
            json!(7),
            "channel.last_pin_timestamp",
        ),
        ("/guild/features", json!({"a": 1}), "guild.features"),
        ("/entitlements", json!([{"id": "x"}]), "entitlements[0].id"),
        ("/locale", json!({}), "locale"),
        ("/message", json!({"id": "18"}), "message"),
        (
            "/attachment_size_limit",
            json!("much"),
            "attachment_size_limit",
        ),
        (
            "/data/resolved",
            json!({"users": {"17": odd_user}}),
            "data.resolved.users.*.avatar",
        ),
    ] {
        let odd = with(pointer, value);
        assert!(read(&odd).is_err(), "{pointer} is not odd");
        let remains = Remains::of(&odd);
        assert_eq!(remains.fields, fields);
        let interaction = remains.interaction.expect(pointer);
        let author = interaction.author().expect("who it was");
        assert_eq!((author.id.get(), author.name.as_str()), (15, "ana"));
        let member = interaction.member.as_ref().expect("a member");
        assert!(member.permissions.is_some_and(|bits| bits.bits() == 8));
        assert_eq!(interaction.channel.as_ref().map(|it| it.id.get()), Some(14));
    }
}

#[test]
fn what_somebody_chose_is_never_guessed_but_they_can_be_answered() {
    for (pointer, value, fields) in [
        ("/data/custom_id", json!(5), "data.custom_id"),
        ("/data/values", json!([{"v": "x"}]), "data.values[0]"),
        ("/data", json!(null), "data"),
        ("/type", json!(99), "type"),
    ] {
        let remains = Remains::of(&with(pointer, value));
        assert_eq!(remains.fields, fields);
        assert!(remains.interaction.is_none(), "{pointer}");
        let outline = remains.outline.expect("whom to answer");
        assert_eq!((outline.id, outline.token.reveal()), (11, "secret"));
    }
}

#[test]
fn several_odd_fields_are_all_named() {
    let mut odd = with("/member/user/avatar", json!("v2"));
    odd["guild"]["features"] = json!(1);
    odd.as_object_mut()
        .expect("fields")
        .remove("attachment_size_limit");
    let remains = Remains::of(&odd);
    let fields = "guild.features, member.user.avatar, attachment_size_limit (missing)";
    assert_eq!(remains.fields, fields);
    assert!(remains.interaction.is_some());
}

#[test]
fn what_is_no_interaction_is_answered_to_nobody() {
    for nothing in [
        json!(null),
        json!([]),
        json!({"id": "11"}),
        json!({"id": 0, "token": "t"}),
    ] {
        assert!(Remains::of(&nothing).outline.is_none());
    }
}

#[test]
fn a_component_of_an_unknown_type_is_found_wherever_it_is() {
    let unknown = || ModalInteractionComponent::Unknown(21);
    let sent = |component| {
        json!({"custom_id": "edit:1", "components": [
            {"type": 10, "id": 1}, {"type": 18, "id": 2, "component": component},
        ]})
    };
    let data: ModalInteractionData = parse(&sent(
        json!({"type": 21, "id": 3, "custom_id": "way", "value": "b"}),
    ))
    .expect("it is read, without its value");
    let found = unknown_component(&data.components);
    assert_eq!(
        found.as_deref(),
        Some("components[1].components[0] (type 21)")
    );
    let known = json!({"type": 4, "id": 3, "custom_id": "way", "value": "b"});
    let data: ModalInteractionData = parse(&sent(known)).expect("it is read");
    assert_eq!(unknown_component(&data.components), None);
    assert!(unknown_component(&[unknown()]).is_some());
}
