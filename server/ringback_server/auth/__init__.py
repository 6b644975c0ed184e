"""Who may do what: keys, tokens, OAuth grants, roles, and the check on each verb."""
