// A small bot on discord.js, which tells what happens to it as lines of JSON.
// Usage: discord_js.mjs URL TOKEN, with the address of the embedded Discord.

import { createHash } from 'node:crypto';
import {
  ActionRowBuilder, ApplicationCommandOptionType, AttachmentBuilder, ButtonBuilder, ButtonStyle, Client,
  Events, GatewayIntentBits, ModalBuilder, TextInputBuilder, TextInputStyle,
} from 'discord.js';

const [url, token] = process.argv.slice(2);
const { Guilds, GuildMembers, GuildMessages, GuildScheduledEvents, DirectMessages } = GatewayIntentBits;
const client = new Client({
  intents: [Guilds, GuildMembers, GuildMessages, GuildScheduledEvents, DirectMessages],
  rest: { api: `${url}/api` },
});

function tell(event, fields = {}) {
  console.log(JSON.stringify({ event, ...fields }));
}

const buttons = () => new ActionRowBuilder().addComponents(
  new ButtonBuilder().setCustomId('count').setLabel('Count').setEmoji('🎯').setStyle(ButtonStyle.Primary),
  new ButtonBuilder().setCustomId('ask').setLabel('Ask').setStyle(ButtonStyle.Secondary),
);
const word = () => new TextInputBuilder().setCustomId('word').setLabel('Word').setStyle(TextInputStyle.Short);
const form = () => new ModalBuilder().setCustomId('form').setTitle('A form')
  .addComponents(new ActionRowBuilder().addComponents(word()));
const option = (type, name) => ({ type, name, description: 'd', required: true });

async function sendFile(interaction) {
  const sent = Buffer.alloc(interaction.options.getInteger('size'), 'x');
  await interaction.deferReply();
  const file = new AttachmentBuilder(sent, { name: 'x.bin' });
  const message = await interaction.editReply({ content: 'Sent.', files: [file] });
  const read = Buffer.from(await (await fetch(message.attachments.first().url)).arrayBuffer());
  const hash = (bytes) => createHash('sha256').update(bytes).digest('hex');
  await interaction.editReply(`Read ${read.length} bytes, the same: ${hash(read) === hash(sent)}.`);
}

async function findMembers(interaction) {
  const query = interaction.options.getString('prefix');
  const found = await interaction.guild.members.fetch({ query, limit: 100 });
  const names = found.map((member) => member.user.username).sort().join(', ');
  await interaction.reply(`Found ${names}.`);
}

const answers = {
  probe: (interaction) => interaction.reply({ content: 'Clicked 0 times.', components: [buttons()] }),
  file: sendFile,
  members: findMembers,
  count: (interaction) => interaction.update('Clicked 1 time.'),
  ask: (interaction) => interaction.showModal(form()),
  form: (interaction) => interaction.reply(`You said ${interaction.fields.getTextInputValue('word')}.`),
};

client.once(Events.ClientReady, async () => {
  await client.application.commands.set([
    { name: 'probe', description: 'Answers with two buttons.' },
    {
      name: 'file', description: 'Sends a file and reads it back.',
      options: [option(ApplicationCommandOptionType.Integer, 'size')],
    },
    {
      name: 'members', description: 'Finds members by a prefix.',
      options: [option(ApplicationCommandOptionType.String, 'prefix')],
    },
  ]);
  tell('ready', { guilds: client.guilds.cache.size });
});
client.on(Events.ShardReady, () => tell('shard_ready'));
client.on(Events.ShardResume, () => tell('resumed'));
client.on(Events.MessageCreate, (message) => tell('message', { content: message.content }));
client.on(Events.ThreadCreate, (thread) => tell('thread', { name: thread.name }));
client.on(Events.ThreadUpdate, (_, thread) => tell('thread_changed', { name: thread.name }));
client.on(Events.GuildScheduledEventCreate, (event) => tell('scheduled', { name: event.name }));
client.on(Events.InteractionCreate, (interaction) => {
  const name = interaction.isChatInputCommand() ? interaction.commandName : interaction.customId;
  return answers[name](interaction);
});
client.on(Events.Error, (error) => console.error(error));
await client.login(token);
