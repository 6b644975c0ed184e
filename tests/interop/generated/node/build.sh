# In a folder with package.json, buf.gen.yaml, src/, and the protos in protos/.
npm ci --no-audit --no-fund
npx buf generate
npx tsc
