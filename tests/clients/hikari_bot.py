"""A small bot on hikari, which tells what happens to it as lines of JSON.

Usage: hikari_bot.py URL TOKEN, with the address of the embedded Discord.
"""

import asyncio
import hashlib
import json
import sys

import hikari

URL, TOKEN = sys.argv[1:]
bot = hikari.GatewayBot(
    TOKEN,
    rest_url=f"{URL}/api/v10",
    intents=hikari.Intents.ALL_UNPRIVILEGED | hikari.Intents.GUILD_MEMBERS,
    auto_chunk_members=False,
    banner=None,
    logs="WARNING",
)


# Both servers are there.
seen = asyncio.Event()


def tell(event, **fields):
    print(json.dumps({"event": event, **fields}), flush=True)


def buttons():
    row = bot.rest.build_message_action_row()
    row.add_interactive_button(hikari.ButtonStyle.PRIMARY, "count", label="Count", emoji="🎯")
    row.add_interactive_button(hikari.ButtonStyle.SECONDARY, "ask", label="Ask")
    return row


def option(kind, name):
    return hikari.CommandOption(type=kind, name=name, description="d", is_required=True)


@bot.listen()
async def started(_: hikari.StartedEvent):
    application = await bot.rest.fetch_application()
    make = bot.rest.slash_command_builder
    size = option(hikari.OptionType.INTEGER, "size")
    prefix = option(hikari.OptionType.STRING, "prefix")
    await bot.rest.set_application_commands(
        application,
        [
            make("probe", "Answers with two buttons."),
            make("file", "Sends a file and reads it back.").add_option(size),
            make("members", "Finds members by a prefix.").add_option(prefix),
        ],
    )
    await seen.wait()
    tell("ready", guilds=len(bot.cache.get_available_guilds_view()))


@bot.listen()
async def available(_: hikari.GuildAvailableEvent):
    if len(bot.cache.get_available_guilds_view()) == 2:
        seen.set()


@bot.listen()
async def ready(_: hikari.ShardReadyEvent):
    tell("shard_ready")


@bot.listen()
async def resumed(_: hikari.ShardResumedEvent):
    tell("resumed")


@bot.listen()
async def message(event: hikari.MessageCreateEvent):
    tell("message", content=event.content)


@bot.listen()
async def thread(event: hikari.GuildThreadCreateEvent):
    tell("thread", name=event.thread.name)


@bot.listen()
async def thread_changed(event: hikari.GuildThreadUpdateEvent):
    tell("thread_changed", name=event.thread.name)


@bot.listen()
async def scheduled(event: hikari.ScheduledEventCreateEvent):
    tell("scheduled", name=event.event.name)


async def on_command(interaction):
    values = {one.name: one.value for one in interaction.options or ()}
    if interaction.command_name == "probe":
        await interaction.create_initial_response(
            hikari.ResponseType.MESSAGE_CREATE, "Clicked 0 times.", component=buttons()
        )
    elif interaction.command_name == "file":
        sent = b"x" * values["size"]
        await interaction.create_initial_response(hikari.ResponseType.DEFERRED_MESSAGE_CREATE)
        answer = await interaction.edit_initial_response(
            "Sent.", attachment=hikari.Bytes(sent, "x.bin")
        )
        read = await answer.attachments[0].read()
        same = hashlib.sha256(read).digest() == hashlib.sha256(sent).digest()
        await interaction.edit_initial_response(
            f"Read {len(read)} bytes, the same: {str(same).lower()}."
        )
    else:
        found = []
        stream = bot.stream(hikari.MemberChunkEvent, timeout=10).filter(("nonce", "n"))
        with stream:
            await bot.request_guild_members(
                interaction.guild_id, query=values["prefix"], limit=100, nonce="n"
            )
            async for chunk in stream:
                found.extend(chunk.members.values())
                break
        names = ", ".join(sorted(member.username for member in found))
        await interaction.create_initial_response(
            hikari.ResponseType.MESSAGE_CREATE, f"Found {names}."
        )


@bot.listen()
async def interaction(event: hikari.InteractionCreateEvent):
    interaction = event.interaction
    if isinstance(interaction, hikari.CommandInteraction):
        await on_command(interaction)
    elif isinstance(interaction, hikari.ModalInteraction):
        word = interaction.components[0][0].value
        await interaction.create_initial_response(
            hikari.ResponseType.MESSAGE_CREATE, f"You said {word}."
        )
    elif interaction.custom_id == "count":
        await interaction.create_initial_response(
            hikari.ResponseType.MESSAGE_UPDATE, "Clicked 1 time."
        )
    else:
        row = bot.rest.build_modal_action_row().add_text_input("word", "Word")
        await interaction.create_modal_response("A form", "form", component=row)


bot.run(check_for_updates=False)
