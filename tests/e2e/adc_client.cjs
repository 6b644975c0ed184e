// A program that a user wrote for Google: it finds its credentials by itself.
// Prints its project and account, and what the callback URL that is its argument answered.
const { GoogleAuth } = require('google-auth-library');

async function main(url) {
  const auth = new GoogleAuth({ scopes: 'https://www.googleapis.com/auth/cloud-platform' });
  const project = await auth.getProjectId();
  const { client_email: email } = await auth.getCredentials();
  const token = await auth.getAccessToken();
  const answer = await fetch(url, {
    method: 'POST',
    headers: { authorization: `Bearer ${token}`, 'content-type': 'application/json' },
    body: JSON.stringify({ from: 'node' }),
  });
  process.stdout.write(JSON.stringify([project, email, answer.status]));
}

main(process.argv[2]);
