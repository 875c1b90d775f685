//! The embedded Discord, with Twilight's real clients on one side and a person's on the other.

#[path = "playground/access.rs"]
mod access;
#[path = "playground/answers.rs"]
mod answers;
#[path = "support/contract.rs"]
mod contract;
#[path = "playground/extras.rs"]
mod extras;
#[path = "playground/gateway.rs"]
mod gateway;
#[path = "playground/guard.rs"]
mod guard;
#[path = "playground/interactions.rs"]
mod interactions;
#[path = "playground/malformed.rs"]
mod malformed;
#[path = "playground/modify.rs"]
mod modify;
#[path = "playground/rest.rs"]
mod rest;
#[path = "playground/rules.rs"]
mod rules;
#[path = "playground/shape.rs"]
mod shape;
#[path = "playground/socket.rs"]
mod socket;
#[path = "playground/stage.rs"]
mod stage;
#[path = "playground/told.rs"]
mod told;
