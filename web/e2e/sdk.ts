import { execFile } from 'node:child_process';
import { join } from 'node:path';
import { repository, type Server } from './server';

interface Run {
  status: number;
  output: string;
}

/** Runs this repository's Python, with the SDK that is installed in it. */
function python(args: string[], env: Record<string, string>): Promise<Run> {
  return new Promise((done, fail) => {
    const own = Object.fromEntries(Object.entries(process.env).filter(([name]) => !name.startsWith('AUTHSEC_')));
    const options = { cwd: repository, env: { ...own, ...env }, timeout: 45_000 };
    execFile(join(repository, '.venv/bin/python'), args, options, (error, stdout, stderr) => {
      const output = stdout + stderr;
      if (!error) done({ status: 0, output });
      else if (typeof error.code === 'number') done({ status: error.code, output });
      else fail(error);
    });
  });
}

/** The guide's smoke test, Step 6, with the Client ID from Step 1. */
export const smokeTest = (server: Server, clientId: string, downstream: string): Promise<Run> =>
  python(['examples/smoke_local.py'], {
    AUTHSEC_BASE_URL: server.url,
    AUTHSEC_AGENT_CLIENT_ID: clientId,
    DOWNSTREAM_URL: downstream,
  });

const fetchToken = `
import os, sys
from authsec_langchain import AuthsecClient, AuthsecConfig, AuthsecError
config = AuthsecConfig(base_url=os.environ["AUTHSEC_BASE_URL"], client_id=os.environ["AUTHSEC_AGENT_CLIENT_ID"])
try:
    with AuthsecClient(config) as client:
        print(client.get_delegation_token())
except AuthsecError as error:
    sys.exit(str(error))
`;

/** The guide's Step 4: status 0 and the token, or 1 and the SDK's words. */
export const sdkFetch = (server: Server, clientId: string): Promise<Run> =>
  python(['-c', fetchToken], { AUTHSEC_BASE_URL: server.url, AUTHSEC_AGENT_CLIENT_ID: clientId });
