//! The rows. The letters of a cell: `*` may, and changes what people decide; `+` may, and changes nothing of
//! it (a view, a question, a form, nothing left to do); `o` only organisers; `n` there is no such session;
//! `s` only in a server; `g` not in the session's server any more; `e` not in this part of the session's
//! life; `-` is told how they stand themselves.
//!
//! The columns: organiser, co-organiser, manager of events, administrator, member, queued, accepted,
//! captain, stranger, in another server, in direct messages, left, banned, channel hidden.

/// A route, how it is used, and what comes of it.
pub(super) struct Row {
    /// `command NAME SUBCOMMAND`, `button NAME` or `form NAME`.
    pub(super) route: &'static str,
    /// The options of a command, as JSON; what stands behind the name in an id.
    pub(super) args: &'static str,
    /// What is chosen in a menu; the fields of a form, as JSON.
    pub(super) values: &'static [&'static str],
    /// The letters while the session is open.
    pub(super) open: &'static str,
    /// The letters once it has started.
    pub(super) started: &'static str,
    /// The letters once it is over.
    pub(super) over: &'static str,
}

const fn row(
    route: &'static str,
    (args, values): (&'static str, &'static [&'static str]),
    [open, started, over]: [&'static str; 3],
) -> Row {
    Row {
        route,
        args,
        values,
        open,
        started,
        over,
    }
}

/// Every route.
pub(super) const ROWS: &[Row] = &[
    row(
        "command profile edit",
        (r#"{"roles": "Tank"}"#, &[]),
        ["**************", "**************", "**************"],
    ),
    row(
        "command profile show",
        ("{}", &[]),
        ["++++++++-+++++", "++++++++-+++++", "++++++++-+++++"],
    ),
    row(
        "command profile delete",
        ("{}", &[]),
        ["++++++++-+++++", "++++++++-+++++", "++++++++-+++++"],
    ),
    row(
        "command profile export",
        ("{}", &[]),
        ["++++++++-+++++", "++++++++-+++++", "++++++++-+++++"],
    ),
    row(
        "command account add",
        (r#"{"battletag": "Other#4321"}"#, &[]),
        ["**************", "**************", "**************"],
    ),
    row(
        "command account edit",
        (r#"{"tank": "d3"}"#, &[]),
        ["********+*****", "********+*****", "********+*****"],
    ),
    row(
        "command account remove",
        (r#"{"account": "{own}"}"#, &[]),
        ["*****+++++++++", "*****+++++++++", "********+*****"],
    ),
    row(
        "command account primary",
        (r#"{"account": "{own}"}"#, &[]),
        ["++++++++++++++", "++++++++++++++", "++++++++++++++"],
    ),
    row(
        "command session create",
        (
            r#"{"mode": "5v5", "when": "fri 8pm", "timezone": "Europe/Berlin"}"#,
            &[],
        ),
        ["**********sss*", "**********sss*", "**********sss*"],
    ),
    row(
        "command session plan",
        ("{}", &[]),
        ["++++++++++sss+", "++++++++++sss+", "++++++++++sss+"],
    ),
    row(
        "command session list",
        ("{}", &[]),
        ["++++++++++sss+", "++++++++++sss+", "++++++++++sss+"],
    ),
    row(
        "command session show",
        (r#"{"session": "{s}"}"#, &[]),
        ["+++++++++nsssn", "+++++++++nsssn", "+++++++++nsssn"],
    ),
    row(
        "command session edit",
        (r#"{"session": "{s}", "title": "Cup of June"}"#, &[]),
        ["****ooooonsssn", "****ooooonsssn", "eeeeooooonsssn"],
    ),
    row(
        "command session cancel",
        (r#"{"session": "{s}"}"#, &[]),
        ["++++ooooonsssn", "++++ooooonsssn", "eeeeooooonsssn"],
    ),
    row(
        "command session reopen",
        (r#"{"session": "{s}"}"#, &[]),
        ["eeeeooooonsssn", "eeeeooooonsssn", "eeeeooooonsssn"],
    ),
    row(
        "command session move",
        (r#"{"session": "{s}", "channel": "{e}"}"#, &[]),
        ["****ooooonsssn", "****ooooonsssn", "eeeeooooonsssn"],
    ),
    row(
        "command session history",
        (r#"{"session": "{s}"}"#, &[]),
        ["++++ooooonsssn", "++++ooooonsssn", "++++ooooonsssn"],
    ),
    row(
        "button sessions",
        ("0", &[]),
        ["++++++++++sss+", "++++++++++sss+", "++++++++++sss+"],
    ),
    row(
        "button card-again",
        ("{s}", &[]),
        ["++++ooooonsggn", "++++ooooonsggn", "eeeeooooonsggn"],
    ),
    row(
        "button history",
        ("{s}:0", &[]),
        ["++++ooooonsggn", "++++ooooonsggn", "++++ooooonsggn"],
    ),
    row(
        "button edit-ask",
        ("{s}", &[]),
        ["++++ooooonsggn", "++++ooooonsggn", "eeeeooooonsggn"],
    ),
    row(
        "button edit-mine",
        ("{s}:{form}:title", &[]),
        ["****ooooonsggn", "****ooooonsggn", "eeeeooooonsggn"],
    ),
    row(
        "button edit-theirs",
        ("{s}", &[]),
        ["+++++++++n+ggn", "+++++++++n+ggn", "+++++++++n+ggn"],
    ),
    row(
        "button cancel-ask",
        ("{s}", &[]),
        ["++++ooooonsggn", "++++ooooonsggn", "eeeeooooonsggn"],
    ),
    row(
        "button cancel-sure",
        ("{s}", &[]),
        ["****ooooonsggn", "****ooooonsggn", "eeeeooooonsggn"],
    ),
    row(
        "button cancel-why",
        ("{s}", &[]),
        ["++++ooooonsggn", "++++ooooonsggn", "eeeeooooonsggn"],
    ),
    row(
        "button cancel-keep",
        ("{s}", &[]),
        ["++++++++++++++", "++++++++++++++", "++++++++++++++"],
    ),
    row(
        "button reopen",
        ("{s}", &[]),
        ["eeeeooooonsggn", "eeeeooooonsggn", "eeeeooooonsggn"],
    ),
    row(
        "button plan",
        ("5v5/1", &[]),
        ["++++++++++++++", "++++++++++++++", "++++++++++++++"],
    ),
    row(
        "button plan-zone",
        ("5v5/1", &["Europe/Berlin"]),
        ["++++++++*+++++", "++++++++*+++++", "++++++++*+++++"],
    ),
    row(
        "button plan-form",
        ("time:5v5/1", &[]),
        ["++++++++++++++", "++++++++++++++", "++++++++++++++"],
    ),
    row(
        "button plan-make",
        ("5v5/1/{t}", &[]),
        ["********+*sss*", "********+*sss*", "********+*sss*"],
    ),
    row(
        "button profile-zone",
        ("-:-", &["Europe/Berlin"]),
        ["++++++++*+++++", "++++++++*+++++", "++++++++*+++++"],
    ),
    row(
        "button profile-delete",
        ("", &[]),
        ["********-*****", "********-*****", "********-*****"],
    ),
    row(
        "button profile-keep",
        ("", &[]),
        ["++++++++++++++", "++++++++++++++", "++++++++++++++"],
    ),
    row(
        "button join",
        ("{s}", &[]),
        ["++++++--+nsggn", "eeeeee--ensggn", "eeeeeeeeensggn"],
    ),
    row(
        "button newcomer",
        ("{s}:t:", &[]),
        ["++++++--+nsggn", "eeeeee--ensggn", "eeeeeeeeensggn"],
    ),
    row(
        "button leave",
        ("{s}", &[]),
        ["-----***-nsss*", "-----***-nsss*", "eeeeeeeeenssse"],
    ),
    row(
        "button streaming",
        ("{s}", &[]),
        ["-----***-nsgg*", "-----***-nsgg*", "eeeeeeeeensgge"],
    ),
    row(
        "button refresh",
        ("{s}", &[]),
        ["+++++++++nsggn", "+++++++++nsggn", "+++++++++nsggn"],
    ),
    row(
        "button offer-yes",
        ("{s}", &[]),
        ["-----*---n-ggn", "-----*---n-ggn", "eeeeeeeeeneggn"],
    ),
    row(
        "button offer-no",
        ("{s}", &[]),
        ["-----*--------", "-----*--------", "eeeeeeeeeeeeee"],
    ),
    row(
        "button check-in",
        ("{s}", &[]),
        ["------**-n*gg*", "------**-n*gg*", "eeeeeeeeenegge"],
    ),
    row(
        "button short",
        ("{s}", &[]),
        ["++++ooooonoggn", "++++ooooonoggn", "++++ooooonoggn"],
    ),
    row(
        "button short-play",
        ("{s}:5v5:1", &[]),
        ["****ooooonoggn", "****ooooonoggn", "eeeeooooonoggn"],
    ),
    row(
        "button manage",
        ("{s}:w0", &[]),
        ["****ooooonsggn", "****ooooonsggn", "++++ooooonsggn"],
    ),
    row(
        "button manage-player",
        ("{s}:w0", &["{q}"]),
        ["++++ooooonsggn", "++++ooooonsggn", "++++ooooonsggn"],
    ),
    row(
        "button manage-account",
        ("{s}:{q}:w0", &["{a}"]),
        ["++++ooooonsggn", "++++ooooonsggn", "++++ooooonsggn"],
    ),
    row(
        "button manage-accept",
        ("{s}:{q}:{a}:support:w0", &[]),
        ["****ooooonsggn", "****ooooonsggn", "eeeeooooonsggn"],
    ),
    row(
        "button manage-anyway",
        ("{s}:{q}:{a}:support:w0", &[]),
        ["++++ooooonsggn", "++++ooooonsggn", "eeeeooooonsggn"],
    ),
    row(
        "button manage-anyway-sure",
        ("{s}:{q}:{a}:support:w0", &[]),
        ["****ooooonsggn", "****ooooonsggn", "eeeeooooonsggn"],
    ),
    row(
        "button manage-reject-why",
        ("{s}:{q}:w0", &[]),
        ["++++ooooonsggn", "++++ooooonsggn", "++++ooooonsggn"],
    ),
    row(
        "button manage-swap",
        ("{s}:{p}:w0", &["{q}"]),
        ["****ooooonsggn", "****ooooonsggn", "eeeeooooonsggn"],
    ),
    row(
        "button manage-reject",
        ("{s}:{q}:w0", &[]),
        ["****ooooonsggn", "****ooooonsggn", "eeeeooooonsggn"],
    ),
    row(
        "button manage-back",
        ("{s}:{p}:w0", &[]),
        ["****ooooonsggn", "****ooooonsggn", "eeeeooooonsggn"],
    ),
    row(
        "button manage-offer",
        ("{s}:w0", &[]),
        ["++++ooooonsggn", "++++ooooonsggn", "eeeeooooonsggn"],
    ),
    row(
        "button manage-queue",
        ("{s}:close:w0", &[]),
        ["****ooooonsggn", "eeeeooooonsggn", "eeeeooooonsggn"],
    ),
    row(
        "button manage-organisers",
        ("{s}:w0", &[]),
        ["+o++ooooonsggn", "+o++ooooonsggn", "eoeeooooonsggn"],
    ),
    row(
        "button manage-share",
        ("{s}:w0", &["{q}"]),
        ["*o**ooooonsggn", "*o**ooooonsggn", "eoeeooooonsggn"],
    ),
    row(
        "button manage-call",
        ("{s}:w0", &[]),
        ["++++ooooonsggn", "eeeeooooonsggn", "eeeeooooonsggn"],
    ),
    row(
        "button manage-call-in",
        ("{s}:w0", &["{e}"]),
        ["****ooooonsggn", "eeeeooooonsggn", "eeeeooooonsggn"],
    ),
    row(
        "button manage-call-end",
        ("{s}:700005:w0", &[]),
        ["****ooooonsggn", "****ooooonsggn", "****ooooonsggn"],
    ),
    row(
        "button manage-move",
        ("{s}:w0", &[]),
        ["++++ooooonsggn", "++++ooooonsggn", "eeeeooooonsggn"],
    ),
    row(
        "button manage-move-to",
        ("{s}:w0", &["{e}"]),
        ["****ooooonsggn", "****ooooonsggn", "eeeeooooonsggn"],
    ),
    row(
        "button manage-event",
        ("{s}:w0", &[]),
        ["++**ooooonsggn", "++**ooooonsggn", "++eeooooonsggn"],
    ),
    row(
        "button manage-start",
        ("{s}:w0", &[]),
        ["++++ooooonsggn", "eeeeooooonsggn", "eeeeooooonsggn"],
    ),
    row(
        "button manage-start-sure",
        ("{s}:w0", &[]),
        ["****ooooonsggn", "eeeeooooonsggn", "eeeeooooonsggn"],
    ),
    row(
        "button teams",
        ("{s}", &[]),
        ["++++ooooonsggn", "++++ooooonsggn", "eeeeooooonsggn"],
    ),
    row(
        "button teams-use",
        ("{proposal}", &[]),
        ["****ooooonsggn", "****ooooonsggn", "eeeeooooonsggn"],
    ),
    row(
        "button teams-hand",
        ("{s}", &[]),
        ["++++ooooonsggn", "++++ooooonsggn", "eeeeooooonsggn"],
    ),
    row(
        "button teams-players",
        ("{s}", &["{c}", "{d}"]),
        ["****ooooonsggn", "****ooooonsggn", "eeeeooooonsggn"],
    ),
    row(
        "button teams-move",
        ("{s}:{p}:blue", &[]),
        ["****ooooonsggn", "****ooooonsggn", "eeeeooooonsggn"],
    ),
    row(
        "button teams-set",
        ("{s}:hide", &[]),
        ["****ooooonsggn", "****ooooonsggn", "eeeeooooonsggn"],
    ),
    row(
        "button teams-pairs",
        ("{s}", &[]),
        ["++++ooooonsggn", "++++ooooonsggn", "eeeeooooonsggn"],
    ),
    row(
        "button teams-tie",
        ("{s}:apart", &["{c}", "{d}"]),
        ["****ooooonsggn", "****ooooonsggn", "eeeeooooonsggn"],
    ),
    row(
        "button teams-untie",
        ("{s}", &["{p}-{c}"]),
        ["****ooooonsggn", "****ooooonsggn", "eeeeooooonsggn"],
    ),
    row(
        "button teams-captains",
        ("{s}", &["{c}", "{d}"]),
        ["****ooooonsggn", "****ooooonsggn", "eeeeooooonsggn"],
    ),
    row(
        "button teams-draft",
        ("{s}", &[]),
        ["+++++++++nsggn", "+++++++++nsggn", "+++++++++nsggn"],
    ),
    row(
        "button teams-choose",
        ("{s}", &["{p}"]),
        ["-------*-nsggn", "-------*-nsggn", "eeeeeeeeensggn"],
    ),
    row(
        "form edit",
        ("{s}:0", &[r#"{"title": "Cup of June", "when": "fri 8pm"}"#]),
        ["****ooooonsggn", "eeeeooooonsggn", "eeeeooooonsggn"],
    ),
    row(
        "form cancel-said",
        ("{s}", &[r#"{"reason": "rain"}"#]),
        ["****ooooonsggn", "****ooooonsggn", "eeeeooooonsggn"],
    ),
    row(
        "form plan-zone-named",
        ("5v5/1", &[r#"{"zone": "Europe/Berlin"}"#]),
        ["++++++++*+++++", "++++++++*+++++", "++++++++*+++++"],
    ),
    row(
        "form plan-time-typed",
        ("5v5/1", &[r#"{"when": "fri 8pm"}"#]),
        ["++++++++++++++", "++++++++++++++", "++++++++++++++"],
    ),
    row(
        "form plan-detailed",
        ("5v5/1/{t}", &[r#"{"title": "Evening"}"#]),
        ["********+*sss*", "********+*sss*", "********+*sss*"],
    ),
    row(
        "form profile-form",
        ("", &[r#"{"zone": "Europe/Berlin"}"#]),
        ["++++++++*+++++", "++++++++*+++++", "++++++++*+++++"],
    ),
    row(
        "form join",
        ("{s}", &[r#"{"roles": ["support"]}"#]),
        ["*****+--+nsggn", "eeeeee--ensggn", "eeeeeeeeensggn"],
    ),
    row(
        "form newcomer",
        (
            "{s}",
            &[r#"{"battletag": "Newcomer#1234", "roles": ["support"]}"#],
        ),
        ["******--*nsggn", "eeeeee--ensggn", "eeeeeeeeensggn"],
    ),
    row(
        "form manage-reject-why",
        ("{s}:{q}:w0", &[r#"{"reason": "rain"}"#]),
        ["****ooooonsggn", "****ooooonsggn", "eeeeooooonsggn"],
    ),
];
