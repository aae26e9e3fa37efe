// What the server under test is, as server_test.go says.
const need = (name) => {
  const value = process.env[name];
  if (!value) throw new Error(`${name} is not set: these tests are run by go test`);
  return value;
};

export const issuer = new URL(need('ISSUER'));
export const audience = need('AUDIENCE');
export const person = need('PERSON');
export const agent = { id: need('CLIENT_ID'), secret: need('CLIENT_SECRET') };
export const signer = { id: need('SIGNER_ID'), key: JSON.parse(need('SIGNER_KEY')) };
export const resource = { id: need('RESOURCE_ID'), secret: need('RESOURCE_SECRET') };
export const nextKey = need('NEXT_KEY');
export const idToken = need('PRESENT'); // of a person who is present, and is not the one who delegated

// What RFC 8693 §2.1 and §3 name.
export const tokenExchange = 'urn:ietf:params:oauth:grant-type:token-exchange';
export const tokenType = (name) => `urn:ietf:params:oauth:token-type:${name}`;

export const signerKey = () =>
  crypto.subtle.importKey('jwk', signer.key, { name: 'ECDSA', namedCurve: 'P-256' }, false, ['sign']);

// until calls work every second until it is true, for as long as a key waits to sign and a minute.
export const until = async (work) => {
  const end = Date.now() + 7 * 60_000;
  while (!(await work())) {
    if (Date.now() > end) throw new Error('in vain');
    await new Promise((resolve) => setTimeout(resolve, 1000));
  }
};

// forged is the token with another signature.
export const forged = (token) => `${token.slice(0, -8)}AAAAAAAA`;
