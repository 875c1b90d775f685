"""A small bot on discord.py, which tells what happens to it as lines of JSON.

Usage: discord_py.py URL TOKEN, with the address of the embedded Discord.
"""

import hashlib
import io
import json
import sys

import discord
import yarl
from discord import app_commands

URL, TOKEN = sys.argv[1:]
discord.http.Route.BASE = f"{URL}/api/v10"
discord.gateway.DiscordWebSocket.DEFAULT_GATEWAY = yarl.URL(URL.replace("http", "ws"))


def tell(event, **fields):
    print(json.dumps({"event": event, **fields}), flush=True)


class Form(discord.ui.Modal, title="A form"):
    word = discord.ui.TextInput(label="Word")

    async def on_submit(self, interaction):
        await interaction.response.send_message(f"You said {self.word.value}.")


class Buttons(discord.ui.View):
    def __init__(self):
        super().__init__(timeout=None)

    @discord.ui.button(label="Count", custom_id="count", emoji="🎯")
    async def count(self, interaction, _):
        await interaction.response.edit_message(content="Clicked 1 time.")

    @discord.ui.button(label="Ask", custom_id="ask")
    async def ask(self, interaction, _):
        await interaction.response.send_modal(Form())


class Bot(discord.Client):
    def __init__(self):
        intents = discord.Intents.default()
        intents.members = True
        super().__init__(intents=intents, chunk_guilds_at_startup=False)
        self.tree = app_commands.CommandTree(self)

    async def setup_hook(self):
        self.add_view(Buttons())
        self.tree.add_command(probe)
        self.tree.add_command(file)
        self.tree.add_command(members)
        await self.tree.sync()

    async def on_ready(self):
        tell("ready", guilds=len(self.guilds))

    async def on_resumed(self):
        tell("resumed")

    async def on_message(self, message):
        tell("message", content=message.content)

    async def on_thread_create(self, thread):
        tell("thread", name=thread.name)

    async def on_thread_update(self, _, thread):
        tell("thread_changed", name=thread.name)

    async def on_scheduled_event_create(self, event):
        tell("scheduled", name=event.name)


@app_commands.command(description="Answers with two buttons.")
async def probe(interaction: discord.Interaction):
    await interaction.response.send_message("Clicked 0 times.", view=Buttons())


@app_commands.command(description="Sends a file and reads it back.")
async def file(interaction: discord.Interaction, size: int):
    sent = b"x" * size
    await interaction.response.defer(thinking=True)
    message = await interaction.followup.send(
        "Sent.", file=discord.File(io.BytesIO(sent), "x.bin"), wait=True
    )
    read = await message.attachments[0].read()
    same = hashlib.sha256(read).digest() == hashlib.sha256(sent).digest()
    await message.edit(content=f"Read {len(read)} bytes, the same: {str(same).lower()}.")


@app_commands.command(description="Finds members by a prefix.")
async def members(interaction: discord.Interaction, prefix: str):
    found = await interaction.guild.query_members(prefix)
    names = ", ".join(sorted(member.name for member in found))
    await interaction.response.send_message(f"Found {names}.")


Bot().run(TOKEN, log_level=30)
