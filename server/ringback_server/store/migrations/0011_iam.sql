-- What accounts and keys are told apart and described by, and roles of projects.
ALTER TABLE service_account ADD COLUMN project TEXT NOT NULL DEFAULT '';  -- '' if its address has none
ALTER TABLE service_account ADD COLUMN description TEXT NOT NULL DEFAULT '';
ALTER TABLE service_account ADD COLUMN create_time REAL;
UPDATE service_account
   SET project = substr(email, instr(email, '@') + 1,
                        length(email) - instr(email, '@') - length('.iam.gserviceaccount.com'))
 WHERE email LIKE '%@%.iam.gserviceaccount.com';
CREATE INDEX service_account_by_project ON service_account (project, email);

ALTER TABLE account_key ADD COLUMN expire_time REAL;
ALTER TABLE account_key ADD COLUMN certificate TEXT;                      -- PEM
ALTER TABLE account_key ADD COLUMN uploaded INTEGER NOT NULL DEFAULT 0;
CREATE INDEX account_key_by_email ON account_key (email, create_time, kid);

ALTER TABLE binding ADD COLUMN title TEXT NOT NULL DEFAULT '';            -- of its condition
ALTER TABLE binding ADD COLUMN description TEXT NOT NULL DEFAULT '';
CREATE INDEX binding_by_resource ON binding (resource, role, email);
CREATE INDEX binding_by_role ON binding (role);

CREATE TABLE role (
  project TEXT NOT NULL,
  id TEXT NOT NULL,
  title TEXT NOT NULL,
  description TEXT NOT NULL,
  stage INTEGER NOT NULL,
  permissions TEXT NOT NULL,          -- JSON
  PRIMARY KEY (project, id)
) WITHOUT ROWID;

-- Who administered everything before there were owners is one now.
INSERT INTO binding (email, role, resource)
SELECT email, 'roles/owner', '*' FROM service_account
 WHERE disabled = 0 AND 2 = (
   SELECT COUNT(*) FROM binding b
    WHERE b.email = service_account.email AND b.resource = '*' AND b.expire_time IS NULL
      AND b.role IN ('roles/workflows.admin', 'roles/iam.serviceAccountTokenCreator'));
