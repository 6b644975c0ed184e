-- What an account is bound to on a resource and above it: however much others grant it elsewhere.
CREATE INDEX binding_by_member ON binding (email, resource);
