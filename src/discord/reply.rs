//! What the bot answers: messages, modals and choices, and the pieces they are made of.
//!
//! May touch: twilight's models. Invariant: no message of ours pings anybody unless it says so,
//! and all answers to a person are for that person alone. Names, labels and
//! choices that come from people are made harmless here, text for markdown by who writes it.

use twilight_model::application::command::{CommandOptionChoice, CommandOptionChoiceValue};
use twilight_model::channel::ChannelType;
use twilight_model::channel::message::component::{
    ActionRow, Button, ButtonStyle, Component, Label, SelectDefaultValue, SelectMenu,
    SelectMenuOption, SelectMenuType, TextInput, TextInputStyle,
};
use twilight_model::channel::message::{AllowedMentions, Embed, MessageFlags};
use twilight_model::http::attachment::Attachment;
use twilight_model::http::interaction::InteractionResponseData;
use twilight_model::id::Id;

use super::text::{plain, truncate};
use crate::domain::ids::UserId;

/// Choices that an autocompletion can offer.
pub const CHOICES_MAX: usize = 25;
/// Options that a select menu can have.
pub const OPTIONS_MAX: usize = 25;
/// Characters of a choice, a label of an option and the like.
pub const CHOICE_MAX_CHARS: usize = 100;
/// Characters of a button's label.
pub const LABEL_MAX_CHARS: usize = 80;
/// Characters of a modal's title and of the labels in it.
pub const MODAL_TITLE_MAX_CHARS: usize = 45;
/// Characters of a message's text.
pub const TEXT_MAX_CHARS: usize = 2_000;

/// How an interaction is answered.
#[derive(Debug)]
pub enum Reply {
    /// With a message that only this person sees.
    Say(Message),
    /// By changing the message that the component is on.
    Update(Message),
    /// With a form.
    Ask(Modal),
    /// With choices for what is being typed.
    Choices(Vec<CommandOptionChoice>),
}

impl Reply {
    /// A message of text only.
    pub fn text(text: impl Into<String>) -> Self {
        Self::Say(Message::text(text))
    }

    /// Choices of texts: what is shown, and what is then sent.
    pub fn choices(choices: impl IntoIterator<Item = (String, String)>) -> Self {
        let choices =
            choices
                .into_iter()
                .take(CHOICES_MAX)
                .map(|(name, value)| CommandOptionChoice {
                    name: label(&name, CHOICE_MAX_CHARS),
                    name_localizations: None,
                    value: CommandOptionChoiceValue::String(value),
                });
        Self::Choices(choices.collect())
    }
}

/// A message.
#[derive(Clone, Debug, Default, PartialEq)]
pub struct Message {
    /// Its text, already safe to show.
    pub text: String,
    /// Its boxes.
    pub embeds: Vec<Embed>,
    /// Its rows of buttons and menus.
    pub rows: Vec<Component>,
    /// A file that comes with it.
    pub file: Option<Attachment>,
}

impl Message {
    /// A message of text only.
    pub fn text(text: impl Into<String>) -> Self {
        Self {
            text: truncate(&text.into(), TEXT_MAX_CHARS),
            ..Self::default()
        }
    }

    /// A message of one box only.
    pub fn embed(embed: Embed) -> Self {
        Self {
            embeds: vec![embed],
            ..Self::default()
        }
    }

    /// With another row of `components`: up to five buttons, or one menu.
    pub fn row(mut self, components: impl Into<Vec<Component>>) -> Self {
        let components = components.into();
        self.rows.push(
            ActionRow {
                id: None,
                components,
            }
            .into(),
        );
        self
    }

    /// The data of an interaction's answer; everything is set, so that an update leaves nothing
    /// of the message before.
    pub(super) fn into_data(self, flags: Option<MessageFlags>) -> InteractionResponseData {
        InteractionResponseData {
            allowed_mentions: Some(AllowedMentions::default()),
            attachments: self.file.map(|file| vec![file]),
            components: Some(self.rows),
            content: Some(self.text),
            embeds: Some(self.embeds),
            flags,
            ..InteractionResponseData::default()
        }
    }
}

/// A form that opens over Discord.
#[derive(Clone, Debug, PartialEq)]
pub struct Modal {
    /// What comes back with it: the route, and what it needs to know.
    pub id: String,
    /// Its title.
    pub title: String,
    /// Its fields, five at most.
    pub fields: Vec<Component>,
}

impl Modal {
    pub(super) fn into_data(self) -> InteractionResponseData {
        InteractionResponseData {
            components: Some(self.fields),
            custom_id: Some(self.id),
            title: Some(label(&self.title, MODAL_TITLE_MAX_CHARS)),
            ..InteractionResponseData::default()
        }
    }
}

/// A button that sends `id` when it is pressed.
pub fn button(id: impl Into<String>, label: &str, style: ButtonStyle) -> Component {
    Button {
        id: None,
        custom_id: Some(id.into()),
        disabled: false,
        emoji: None,
        label: Some(self::label(label, LABEL_MAX_CHARS)),
        style,
        url: None,
        sku_id: None,
    }
    .into()
}

/// `component` as it looks when it cannot be used.
pub fn disabled(mut component: Component) -> Component {
    match &mut component {
        Component::Button(button) => button.disabled = true,
        Component::SelectMenu(menu) => menu.disabled = true,
        _ => {}
    }
    component
}

/// What is read where Discord reads no markdown, whoever wrote it.
pub fn label(text: &str, max_chars: usize) -> String {
    truncate(&plain(text), max_chars)
}

/// An option of a menu: what is sent, what is shown, and whether it is chosen already.
pub fn option(value: impl Into<String>, label: &str, default: bool) -> SelectMenuOption {
    SelectMenuOption {
        default,
        description: None,
        emoji: None,
        label: self::label(label, CHOICE_MAX_CHARS),
        value: value.into(),
    }
}

/// A menu from which between `min` and `max` options are chosen; at most [`OPTIONS_MAX`] of them.
pub fn menu(
    id: impl Into<String>,
    placeholder: &str,
    options: Vec<SelectMenuOption>,
    (min, max): (u8, u8),
) -> Component {
    let count = u8::try_from(options.len().min(OPTIONS_MAX)).unwrap_or(u8::MAX);
    Component::SelectMenu(SelectMenu {
        id: None,
        channel_types: None,
        custom_id: id.into(),
        default_values: None,
        disabled: false,
        kind: SelectMenuType::Text,
        max_values: Some(max.min(count)),
        min_values: Some(min),
        options: Some(options.into_iter().take(OPTIONS_MAX).collect()),
        placeholder: Some(placeholder.to_owned()),
        required: None,
    })
}

/// A menu of the server's people, of whom between `min` and `max` are chosen; `chosen` are so
/// already.
pub fn people_menu(
    id: impl Into<String>,
    placeholder: &str,
    chosen: &[UserId],
    (min, max): (u8, u8),
) -> Component {
    let user = |user: &UserId| Id::new_checked(user.0.cast_unsigned());
    let chosen = chosen.iter().filter_map(user).map(SelectDefaultValue::User);
    Component::SelectMenu(SelectMenu {
        id: None,
        channel_types: None,
        custom_id: id.into(),
        default_values: Some(chosen.collect()),
        disabled: false,
        kind: SelectMenuType::User,
        max_values: Some(max),
        min_values: Some(min),
        options: None,
        placeholder: Some(placeholder.to_owned()),
        required: None,
    })
}

/// A menu of the server's channels that can be written in, of which one is chosen.
pub fn channel_menu(id: impl Into<String>, placeholder: &str) -> Component {
    Component::SelectMenu(SelectMenu {
        id: None,
        channel_types: Some(vec![
            ChannelType::GuildText,
            ChannelType::GuildAnnouncement,
            ChannelType::PublicThread,
        ]),
        custom_id: id.into(),
        default_values: None,
        disabled: false,
        kind: SelectMenuType::Channel,
        max_values: Some(1),
        min_values: Some(1),
        options: None,
        placeholder: Some(placeholder.to_owned()),
        required: None,
    })
}

/// A field of a modal: `component` under a name and an explanation.
pub fn field(label: &str, description: Option<&str>, component: Component) -> Component {
    let required = |mut component: Component| {
        if let Component::SelectMenu(menu) = &mut component {
            menu.required = Some(menu.min_values != Some(0));
        }
        component
    };
    Component::Label(Label {
        id: None,
        label: self::label(label, MODAL_TITLE_MAX_CHARS),
        description: description.map(|text| self::label(text, CHOICE_MAX_CHARS)),
        component: Box::new(required(component)),
    })
}

/// A line, or several, to type in; empty may be sent only if it is not `required`.
pub fn text_input(
    id: impl Into<String>,
    style: TextInputStyle,
    required: bool,
    max_chars: usize,
    placeholder: &str,
    value: Option<&str>,
) -> Component {
    // `label` is deprecated in favour of the field around it, and left out.
    Component::TextInput(TextInput {
        id: None,
        custom_id: id.into(),
        #[expect(deprecated, reason = "the model still has it, and None leaves it out")]
        label: None,
        max_length: u16::try_from(max_chars).ok(),
        min_length: None,
        placeholder: Some(label(placeholder, CHOICE_MAX_CHARS)),
        required: Some(required),
        style,
        value: value.map(str::to_owned),
    })
}
