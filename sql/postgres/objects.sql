SELECT kind, name, belongs_to, replace(definition, quote_ident(current_schema()) || '.', '') AS definition
FROM (
    SELECT 'column' AS kind, c.relname || '.' || a.attname AS name, c.relname::TEXT AS belongs_to,
        format_type(a.atttypid, a.atttypmod) || CASE WHEN a.attnotnull THEN ' NOT NULL' ELSE '' END
            || coalesce(' DEFAULT ' || pg_get_expr(d.adbin, d.adrelid), '') AS definition
    FROM pg_catalog.pg_class c
    JOIN pg_catalog.pg_attribute a ON a.attrelid = c.oid AND a.attnum > 0 AND NOT a.attisdropped
    LEFT JOIN pg_catalog.pg_attrdef d ON d.adrelid = c.oid AND d.adnum = a.attnum
    WHERE c.relnamespace = current_schema()::regnamespace AND c.relkind IN ('r', 'p')
    UNION ALL
    SELECT 'index', i.relname, t.relname, pg_get_indexdef(i.oid)
    FROM pg_catalog.pg_index x
    JOIN pg_catalog.pg_class i ON i.oid = x.indexrelid
    JOIN pg_catalog.pg_class t ON t.oid = x.indrelid
    WHERE t.relnamespace = current_schema()::regnamespace
    UNION ALL
    SELECT 'constraint', t.relname || '.' || k.conname, t.relname, pg_get_constraintdef(k.oid)
    FROM pg_catalog.pg_constraint k
    JOIN pg_catalog.pg_class t ON t.oid = k.conrelid
    WHERE t.relnamespace = current_schema()::regnamespace AND k.contype <> 'n'
    UNION ALL
    SELECT 'trigger', t.relname || '.' || g.tgname, t.relname, pg_get_triggerdef(g.oid)
    FROM pg_catalog.pg_trigger g
    JOIN pg_catalog.pg_class t ON t.oid = g.tgrelid
    WHERE t.relnamespace = current_schema()::regnamespace AND NOT g.tgisinternal
    UNION ALL
    SELECT 'rule', t.relname || '.' || r.rulename, t.relname, pg_get_ruledef(r.oid)
    FROM pg_catalog.pg_rewrite r
    JOIN pg_catalog.pg_class t ON t.oid = r.ev_class
    WHERE t.relnamespace = current_schema()::regnamespace AND t.relkind IN ('r', 'p')
) AS objects
