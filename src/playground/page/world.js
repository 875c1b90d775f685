// Who and what is there: people, servers, names, permissions, commands. Pure over the answer of
// `GET /client/world`.

const SUBCOMMAND = 1;
const GROUP = 2;
const CHAT_INPUT = 1;
const IN_GUILD = 0;
const IN_BOT_DM = 1;
const ADMINISTRATOR = 1n << 3n;
const VIEW_CHANNEL = 1n << 10n;
const MANAGE_EVENTS = 1n << 33n;

/** The world as one answer told it. */
export class World {
  constructor({ application, guilds, people, commands }) {
    this.bot = application.user;
    this.guilds = guilds;
    this.people = people;
    this.all = commands;
    this.users = new Map([...people, this.bot].map((user) => [user.id, user]));
  }

  /** The server and the channel of this id. */
  channel(id) {
    for (const guild of this.guilds) {
      const channel = guild.channels.find((one) => one.id === id);
      if (channel) return { guild, channel };
    }
    return null;
  }

  /** The role of this id, of whatever server. */
  role(id) {
    return this.guilds.flatMap((guild) => guild.roles).find((role) => role.id === id);
  }

  /** The name of somebody as shown in this server, or null if nobody has this id. */
  name(id, guild) {
    const user = this.users.get(id);
    const nick = guild && member(guild, id)?.nick;
    return nick || user?.global_name || user?.username || null;
  }

  /** The servers that somebody is in and sees. */
  guildsOf(person) {
    return this.guilds.filter((guild) => may(guild, person, VIEW_CHANNEL));
  }

  /** The channels and threads of a server that somebody sees. */
  channelsOf(guild, person) {
    return guild.channels.filter((channel) => !channel.hidden_from.includes(person));
  }

  /** What somebody is in a server: "owner", "manages events" or "member". */
  standing(guild, person) {
    if (guild.owner === person) return 'owner';
    return may(guild, person, MANAGE_EVENTS) ? 'manages events' : 'member';
  }

  /** The people whom somebody can name here. */
  peopleIn(guild, person) {
    const ids = guild ? guild.members.map((one) => one.user) : [person];
    return [...ids, this.bot.id].map((id) => this.users.get(id)).filter(Boolean);
  }

  /**
   * The commands that somebody may use here, one for each subcommand:
   * `{title, name, group, subcommand, description, options}`.
   */
  commands(guild, person) {
    const here = (command) => command.type === CHAT_INPUT
      && (!command.guild_id || command.guild_id === guild?.id)
      && usable(command, guild, person);
    return this.all.filter(here).flatMap(flat)
      .sort((one, other) => one.title.localeCompare(other.title));
  }
}

function member(guild, person) {
  return guild.members.find((one) => one.user === person);
}

function may(guild, person, bit) {
  const held = BigInt(member(guild, person)?.permissions ?? 0);
  return (held & bit) === bit;
}

function usable(command, guild, person) {
  const contexts = command.contexts ?? [];
  if (contexts.length && !contexts.includes(guild ? IN_GUILD : IN_BOT_DM)) return false;
  if (!guild) return command.dm_permission !== false;
  const needed = command.default_member_permissions;
  if (needed === null || needed === undefined) return true;
  // Zero means: administrators only.
  return may(guild, person, BigInt(needed) || ADMINISTRATOR);
}

function flat(command) {
  const options = command.options ?? [];
  if (!options.some((option) => option.type <= GROUP)) {
    return [entry(command, null, null, command)];
  }
  return options.flatMap((option) => (option.type === SUBCOMMAND
    ? [entry(command, null, option, option)]
    : (option.options ?? []).map((inner) => entry(command, option, inner, inner))));
}

function entry(command, group, subcommand, { description, options = [] }) {
  const path = [command, group, subcommand].filter(Boolean).map((part) => part.name);
  return {
    title: `/${path.join(' ')}`, name: command.name, group: group?.name ?? null,
    subcommand: subcommand?.name ?? null, description, options,
  };
}
