//! `/account`: a person's Battle.net accounts and the ranks declared on them.
//!
//! May touch: the store and the domain. Invariant: one only ever reaches one's own accounts,
//! whatever a pick list is made to send.

use chrono::{DateTime, Utc};
use twilight_model::application::command::{Command as Definition, CommandType};
use twilight_model::application::interaction::InteractionContextType;
use twilight_model::application::interaction::application_command::CommandData;
use twilight_util::builder::command::{CommandBuilder, StringBuilder, SubCommandBuilder};

use super::click::Click;
use super::feature::{Command, Context, Fault, Feature};
use super::options::Given;
use super::reply::Reply;
use super::text::{escape, long_time};
use super::words::{battletag_error, rank_error};
use crate::domain::account::{ACCOUNTS_MAX, Account, AccountRefusal, Choice};
use crate::domain::battletag::BattleTag;
use crate::domain::ladder::{Ladder, Scale};
use crate::domain::rank::{DeclaredRank, Rank};
use crate::domain::text::{Lines, clean};
use crate::store::account::{
    AccountsOf, AddAccount, EditAccount, MakePrimary, RemoveAccount, Removed,
};

/// The feature's table.
pub const FEATURE: Feature = Feature {
    commands: &[Command {
        name: "account",
        define,
        run: |context, click, data| Box::pin(run(context, click, data)),
        complete: Some(|context, click, data| Box::pin(complete(context, click, data))),
    }],
    components: &[],
    modals: &[],
};

/// Characters of anything that is typed here; a BattleTag or a rank is far shorter.
const TYPED_MAX_CHARS: usize = 100;
const ACCOUNT: &str = "account";
const BATTLETAG: &str = "battletag";
/// What marks the primary account in a list.
const PRIMARY: &str = " (primary)";

/// What one account shows: its BattleTag, and on a line for each family of ladders the ranks with
/// the dates of declaring them, stale ones marked.
pub fn summary(account: &Account, now: DateTime<Utc>) -> String {
    let primary = if account.primary { " · primary" } else { "" };
    let mut lines = vec![format!("**{}**{primary}", escape(&account.battletag))];
    for (family, ladders) in FAMILIES {
        let ranks = ladders.iter().filter_map(|(ladder, role)| {
            let declared = account.ranks.get(ladder)?;
            Some(format!("{role}{}", shown(declared, now)))
        });
        let ranks: Vec<_> = ranks.collect();
        if !ranks.is_empty() {
            lines.push(format!("{family}: {}", ranks.join(" · ")));
        }
    }
    if lines.len() == 1 {
        lines.push("no rank declared".into());
    }
    lines.join("\n")
}

/// Why a person may not do something with an account, and the way out.
pub fn refusal(refusal: &AccountRefusal) -> String {
    match refusal {
        AccountRefusal::TooMany => format!(
            "You have {ACCOUNTS_MAX} accounts, which is as many as I keep. `/account remove` makes room."
        ),
        AccountRefusal::Duplicate(battletag) => format!(
            "You have **{}** already. `/account edit` changes its ranks.",
            escape(battletag)
        ),
        AccountRefusal::Unknown => "You have no such account. `/account add` adds one; \
                                    `/profile show` shows those that you have."
            .into(),
        AccountRefusal::InUse {
            battletag,
            title,
            at,
        } => format!(
            "**{}** is what you play on in **{}** on {}. Leave that session, or while you wait there *Join* it \
             again with another account, and then remove this one.",
            escape(battletag),
            escape(title),
            long_time(*at)
        ),
    }
}

/// The ladders as people group them, with what each is called in its group.
const FAMILIES: [(&str, &[(Ladder, &str)]); 3] = [
    (
        "Role queue",
        &[
            (Ladder::Tank, "Tank "),
            (Ladder::Damage, "Damage "),
            (Ladder::Support, "Support "),
        ],
    ),
    ("Open queue", &[(Ladder::OpenQueue, "")]),
    (
        "Stadium",
        &[
            (Ladder::StadiumTank, "Tank "),
            (Ladder::StadiumDamage, "Damage "),
            (Ladder::StadiumSupport, "Support "),
        ],
    ),
];

fn define() -> Definition {
    let add = SubCommandBuilder::new(
        "add",
        "Add a Battle.net account, with the ranks you have on it",
    )
    .option(battletag("Its BattleTag as Battle.net shows it, like Ana#1234").required(true));
    let edit = SubCommandBuilder::new(
        "edit",
        "Rename an account or declare its ranks; the same rank again renews its date",
    )
    .option(account("Which account; your primary one if left out"))
    .option(battletag("Its new BattleTag, like Ana#1234"));
    let remove = SubCommandBuilder::new("remove", "Remove an account and its ranks")
        .option(account("Which account").required(true));
    let primary = SubCommandBuilder::new(
        "primary",
        "Choose the account that is meant when you name none",
    )
    .option(account("Which account").required(true));
    CommandBuilder::new(
        "account",
        "Your Battle.net accounts and the ranks on them",
        CommandType::ChatInput,
    )
    .contexts([InteractionContextType::Guild, InteractionContextType::BotDm])
    .option(with_ranks(add))
    .option(with_ranks(edit))
    .option(remove)
    .option(primary)
    .build()
}

fn battletag(description: &str) -> StringBuilder {
    StringBuilder::new(BATTLETAG, description)
}

fn account(description: &str) -> StringBuilder {
    StringBuilder::new(ACCOUNT, description).autocomplete(true)
}

/// `command` with an option for each ladder.
fn with_ranks(command: SubCommandBuilder) -> SubCommandBuilder {
    Ladder::ALL.into_iter().fold(command, |command, ladder| {
        let example = match ladder.scale() {
            Scale::Competitive => "Diamond 3, d3",
            Scale::Stadium => "Elite 3, e3",
        };
        let description = format!("{} rank: {example}, or unranked", ladder.label());
        let option = StringBuilder::new(option_name(ladder), description);
        command.option(option.autocomplete(true))
    })
}

/// What a ladder's option is called: `stadium-tank`.
fn option_name(ladder: Ladder) -> String {
    ladder.as_str().replace('_', "-")
}

async fn run(context: Context, click: Click, data: CommandData) -> Result<Reply, Fault> {
    let given = Given::of(&data);
    let said = match given.subcommand {
        "add" => add(&context, &click, &given).await?,
        "edit" => edit(&context, &click, &given).await?,
        "remove" => remove(&context, &click, &given).await?,
        "primary" => make_primary(&context, &click, &given).await?,
        other => return Err(Fault::Broken(format!("there is no /account {other}"))),
    };
    Ok(Reply::text(said.unwrap_or_else(|sentence| sentence)))
}

/// What is said: done, or why not.
type Said = Result<Result<String, String>, Fault>;

async fn add(context: &Context, click: &Click, given: &Given<'_>) -> Said {
    let read = || {
        let battletag = read_battletag(given.text(BATTLETAG).unwrap_or_default())?;
        Ok((battletag, read_ranks(given)?))
    };
    let (battletag, ranks) = match read() {
        Ok(read) => read,
        Err(sentence) => return Ok(Err(sentence)),
    };
    let add = AddAccount {
        person: click.person.clone(),
        battletag,
        ranks,
        at: click.at,
    };
    let added = context.execute(click, add).await?;
    Ok(added.map_err(|reason| refusal(&reason)).map(|account| {
        let hint = match account.ranks.is_empty() {
            true => "\n-# `/account edit` declares its ranks; some sessions ask for them.",
            false => "",
        };
        format!("✅ Added.\n{}{hint}", summary(&account, click.at))
    }))
}

async fn edit(context: &Context, click: &Click, given: &Given<'_>) -> Said {
    let read = || {
        let battletag = given.text(BATTLETAG).map(read_battletag).transpose()?;
        Ok((battletag, read_ranks(given)?))
    };
    let (battletag, ranks) = match read() {
        Ok((None, ranks)) if ranks.is_empty() => return Ok(Err(NOTHING_TO_EDIT.into())),
        Ok(read) => read,
        Err(sentence) => return Ok(Err(sentence)),
    };
    let edit = EditAccount {
        user: click.person.id,
        account: given.text(ACCOUNT).map(read_choice),
        battletag,
        ranks,
        at: click.at,
    };
    let edited = context.execute(click, edit).await?;
    Ok(edited
        .map_err(|reason| refusal(&reason))
        .map(|account| format!("✅ Saved.\n{}", summary(&account, click.at))))
}

const NOTHING_TO_EDIT: &str = "Nothing to change was given: add a rank, like `tank: Diamond 3`, \
                               or a new `battletag`.";

async fn remove(context: &Context, click: &Click, given: &Given<'_>) -> Said {
    let remove = RemoveAccount {
        user: click.person.id,
        account: read_choice(given.text(ACCOUNT).unwrap_or_default()),
        at: click.at,
    };
    let removed = context.execute(click, remove).await?;
    Ok(removed
        .map_err(|reason| refusal(&reason))
        .map(|removed| removed_words(&removed)))
}

fn removed_words(removed: &Removed) -> String {
    let battletag = escape(&removed.account.battletag);
    let heir = removed.heir.as_ref().map(|heir| {
        let heir = escape(&heir.battletag);
        format!(" **{heir}** is your primary account now.")
    });
    format!(
        "🗑️ Removed **{battletag}** and its ranks.{} `/account add` adds it again.",
        heir.unwrap_or_default()
    )
}

async fn make_primary(context: &Context, click: &Click, given: &Given<'_>) -> Said {
    let make = MakePrimary {
        user: click.person.id,
        account: read_choice(given.text(ACCOUNT).unwrap_or_default()),
        at: click.at,
    };
    let made = context.execute(click, make).await?;
    Ok(made.map_err(|reason| refusal(&reason)).map(|account| {
        let battletag = escape(&account.battletag);
        format!(
            "⭐ **{battletag}** is your primary account: the one that is meant when you name none."
        )
    }))
}

fn read_battletag(typed: &str) -> Result<BattleTag, String> {
    let typed = clean(typed, TYPED_MAX_CHARS, Lines::OneLine);
    let typed = typed.map_err(|_| "That is far too long for a BattleTag, like `Ana#1234`.")?;
    BattleTag::parse(&typed).map_err(battletag_error)
}

/// Reads what a pick list gave or somebody typed; a label in a value's place is as good.
fn read_choice(typed: &str) -> Choice {
    Choice::parse(typed.strip_suffix(PRIMARY).unwrap_or(typed))
}

fn read_ranks(given: &Given<'_>) -> Result<Vec<(Ladder, Option<Rank>)>, String> {
    let typed = |ladder| Some((ladder, given.text(&option_name(ladder))?));
    let ranks = Ladder::ALL.into_iter().filter_map(typed);
    ranks
        .map(|(ladder, typed)| {
            let rank = Rank::parse(ladder.scale(), typed);
            let named = |error| format!("**{ladder}**: {}", rank_error(ladder.scale(), &error));
            Ok((ladder, rank.map_err(named)?))
        })
        .collect()
}

fn shown(declared: &DeclaredRank, now: DateTime<Utc>) -> String {
    let at = declared.declared_at.timestamp();
    let stale = if declared.is_stale(now) {
        "⌛ stale, "
    } else {
        ""
    };
    format!("{} ({stale}<t:{at}:d>)", declared.rank)
}

async fn complete(context: Context, click: Click, data: CommandData) -> Result<Reply, Fault> {
    let Some((option, typed)) = Given::of(&data).focused() else {
        return Ok(Reply::choices([]));
    };
    if option == ACCOUNT {
        let accounts = context.query(AccountsOf(click.person.id)).await?;
        return Ok(account_choices(&accounts, typed));
    }
    let ladder = Ladder::ALL
        .into_iter()
        .find(|ladder| option_name(*ladder) == option);
    Ok(ladder.map_or_else(|| Reply::choices([]), |ladder| rank_choices(ladder, typed)))
}

fn account_choices(accounts: &[Account], typed: &str) -> Reply {
    let typed = typed.trim().to_lowercase();
    let fitting = accounts
        .iter()
        .filter(|account| account.battletag.to_lowercase().contains(&typed));
    Reply::choices(fitting.map(|account| {
        let primary = if account.primary { PRIMARY } else { "" };
        let name = format!("{}{primary}", account.battletag);
        (name, account.id.to_string())
    }))
}

fn rank_choices(ladder: Ladder, typed: &str) -> Reply {
    let ranks = Rank::complete(ladder.scale(), typed);
    Reply::choices(ranks.into_iter().map(|rank| {
        let word = rank.map_or_else(|| "Unranked".to_owned(), |rank| rank.to_string());
        (word.clone(), word)
    }))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn every_ladder_is_an_option_and_belongs_to_a_family() {
        let shown = FAMILIES.iter().flat_map(|(_, ladders)| ladders.iter());
        let shown: Vec<_> = shown.map(|(ladder, _)| *ladder).collect();
        assert_eq!(shown, Ladder::ALL);
        let add = define().options.swap_remove(0);
        let names = format!("{add:?}");
        for ladder in Ladder::ALL {
            assert!(names.contains(&option_name(ladder)), "{ladder}");
        }
    }
}
