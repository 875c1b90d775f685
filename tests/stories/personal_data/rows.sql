INSERT INTO users (discord_id, username, created_at) VALUES (1, 'Dattel', 1), (9223372036854775807, 'Dattel', 1);
INSERT INTO sessions (id, creator_id, guild_id, channel_id, message_id, game_mode, teams, title, description,
    scheduled_time, length_minutes, timezone, lowest_tier, highest_tier, max_rank_diff, status, cancel_reason,
    created_at, admission, check_in_minutes)
VALUES (901, {f}, {g}, {c}, NULL, '5v5', 1, 'Quitte title', 'Quitte text', {now} + 7200, 90, 'Europe/Berlin',
        'gold', 'master', 9, 'OPEN', NULL, {now}, 'first_come', 15),
    (902, {f}, {g}, {c}, 9002, '6v6', 1, 'Quitte title', 'Quitte text', {now} + 7201, 90, 'UTC',
        NULL, NULL, NULL, 'CANCELLED', 'Quitte reason', {now}, 'organiser', 0),
    (903, {k}, {g}, {c}, NULL, '5v5', 1, 'Dattel title', 'Dattel text', {now} + 7200, 90, 'UTC',
        NULL, NULL, NULL, 'OPEN', NULL, {now}, 'organiser', 0),
    (904, {k}, {g}, {c}, NULL, '5v5', 2, 'Dattel title', 'Dattel text', {now} + 7200, 90, 'UTC',
        NULL, NULL, NULL, 'OPEN', NULL, {now}, 'organiser', 0),
    (905, {k}, {g}, {c}, NULL, '5v5', 2, 'Dattel title', 'Dattel text', {now} - 9000, 90, 'UTC',
        NULL, NULL, NULL, 'COMPLETED', NULL, {now}, 'organiser', 0),
    (906, {k}, {g}, {c}, NULL, '5v5', 1, 'Dattel title', 'Dattel text', {now} + 7200, 90, 'UTC',
        NULL, NULL, NULL, 'OPEN', NULL, {now}, 'organiser', 0),
    (907, {k}, {g}, {c}, NULL, '5v5', 1, 'Dattel title', 'Dattel text', {now} + 7200, 90, 'UTC',
        NULL, NULL, NULL, 'OPEN', NULL, {now}, 'organiser', 0),
    (908, {k}, {g}, {c}, NULL, '5v5', 1, 'Dattel title', 'Dattel text', {now} + 7200, 90, 'UTC',
        NULL, NULL, NULL, 'CANCELLED', 'Quitte reason', {now}, 'organiser', 0);
INSERT INTO session_queue (id, session_id, user_id, preferred_roles, is_streaming, note, nick, joined_at,
    checked_in_for, rejected_by)
VALUES (1001, 903, {f}, '["support"]', 1, 'Quitte note', 'Quitte nick', {now} - 9, {now} + 7200, NULL),
    (1002, 904, {f}, '[]', 0, '', NULL, {now} - 8, NULL, {k}),
    (1003, 905, {f}, '[]', 0, '', NULL, {now} - 7, NULL, NULL),
    (1004, 903, {k}, '[]', 0, 'Dattel note', 'Dattel nick', {now}, NULL, NULL),
    (1005, 901, {k}, '[]', 0, 'Dattel note', 'Dattel nick', {now}, NULL, {f});
INSERT INTO session_queue_accounts (queue_id, account_id)
SELECT q.id, a.id FROM session_queue q JOIN user_accounts a ON a.discord_id = q.user_id;
INSERT INTO place_offers (queue_id, role, offered_at, until, state)
VALUES (1001, 'support', {now} - 60, {now} - 30, 'declined');
INSERT INTO session_participants (session_id, user_id, account_id, role, selected_by, selected_at, team, overridden)
SELECT 905, discord_id, id, 'tank', CASE WHEN discord_id = {f} THEN {k} ELSE {f} END, {now} - 9000,
    CASE WHEN discord_id = {f} THEN 2 ELSE 1 END, 1 FROM user_accounts;
INSERT INTO outbox (kind, key, payload, due_at, created_at)
VALUES ('direct_message', '903:{f}:reminder',
        '{"to":{f},"notice":{"about":"reminder","title":"Dattel title","at":"2026-11-22T14:00:00Z"}}',
        {now} + 86400, {now}),
    ('direct_message', '901:{k}:reminder',
        '{"to":{k},"notice":{"about":"reminder","title":"Quitte title","at":"2026-11-22T14:00:00Z"}}',
        {now} + 86400, {now});
INSERT INTO reminders (session_id, user_id, scheduled_time) VALUES (903, {f}, {now} + 7200), (903, {k}, {now} + 7200);
INSERT INTO session_history (session_id, guild_id, organiser_id, game_mode, teams, scheduled_time, length_minutes, status)
VALUES (800, {g}, {f}, '5v5', 1, 1000000000, 60, 'COMPLETED'), (801, {g}, {k}, '5v5', 1, 1000000000, 60, 'COMPLETED');
INSERT INTO session_history_players (id, session_id, user_id, role, ladder, tier, division, declared_at, team)
VALUES (1, 801, {f}, 'damage', 'damage', 'gold', 2, 1000000000, 1), (2, 801, {k}, 'tank', NULL, NULL, NULL, NULL, 2);
INSERT INTO no_shows (user_id, session_id, guild_id, role, scheduled_time)
VALUES ({f}, 905, {g}, 'tank', {now} - 9000), ({k}, 905, {g}, 'tank', {now} - 9000);
INSERT INTO session_co_organisers (session_id, user_id, added_at) VALUES (903, {f}, {now}), (901, {k}, {now});
INSERT INTO session_log (session_id, done_at, actor_id, capacity, action, subject_id, other_id, reason)
VALUES (908, {now}, {f}, 'co_organiser', '{"did":"cancelled"}', NULL, NULL, 'Quitte reason'),
    (904, {now}, {k}, 'organiser', '{"did":"rejected"}', {f}, NULL, 'Quitte is why'),
    (904, {now}, {k}, 'organiser', '{"did":"rejected"}', {k}, {f}, ''),
    (904, {now}, {k}, 'organiser', '{"did":"rejected"}', {k}, NULL, 'Dattel reason');
INSERT INTO session_threads (session_id, wanted, state, name)
VALUES (905, 0, 'none', 'Dattel title'), (902, 0, 'closed', 'Quitte title');
INSERT INTO session_thread_members (session_id, user_id) VALUES (905, {f}), (905, {k});
INSERT INTO session_events (session_id, wanted, state, shown) VALUES (902, 0, 'over', 'Quitte text');
INSERT INTO session_teams (session_id, blue_captain, red_captain) VALUES (904, {f}, {k}), (905, {k}, {f});
INSERT INTO session_pairs (session_id, one_id, other_id, bond)
VALUES (904, {f}, 9223372036854775807, 'apart'), (905, 1, {f}, 'together'), (906, 1, {k}, 'together');
INSERT INTO left_taken_back (session_id, user_id, role) VALUES (906, {f}, 'tank'), (906, {k}, 'tank');
INSERT INTO refusals (session_id, user_id) VALUES (907, {f}), (907, 1);
INSERT INTO session_prompts (message_id, channel_id, in_thread, session_id, user_id, kind, deadline)
VALUES (9003, 8003, 0, 903, {f}, 'offer', {now} + 7200), (9004, 8004, 0, 903, {k}, 'offer', {now} + 7200);
INSERT INTO receipts (interaction_id, command, answer, created_at) VALUES (1, 'none', '{"user":{f}}', {now});
