import createClient, { type Client } from 'openapi-fetch';
import type { components, paths } from '../src/api/schema.gen';
import { admin, type Server } from './server';

type Schema<Name extends keyof components['schemas']> = components['schemas'][Name];

/** The answer's body; a refusal fails the test with the server's words. */
async function body<Data>(answer: Promise<{ data?: Data; error?: unknown; response: Response }>): Promise<Data> {
  const { data, error, response } = await answer;
  if (error !== undefined || data === undefined) {
    throw new Error(`${response.url} answered ${response.status}: ${JSON.stringify(error)}`);
  }
  return data;
}

/** As `body`, of an answer without one. */
async function done(answer: Promise<{ error?: unknown; response: Response }>): Promise<void> {
  const { error, response } = await answer;
  if (error !== undefined) throw new Error(`${response.url} answered ${response.status}: ${JSON.stringify(error)}`);
}

/** The administration API as somebody who signed in, to bring about what a test starts from. */
export class Api {
  readonly client: Client<paths>;

  private constructor(url: string, cookie: string) {
    this.client = createClient<paths>({ baseUrl: `${url}/api/v1`, headers: { Cookie: cookie } });
  }

  static async signIn(server: Server, { email, password } = admin): Promise<Api> {
    const answer = await fetch(`${server.url}/api/v1/session`, {
      method: 'POST',
      headers: { 'Content-Type': 'application/json' },
      body: JSON.stringify({ email, password }),
    });
    if (!answer.ok) throw new Error(`Signing in as ${email} answered ${answer.status}: ${await answer.text()}`);
    return new Api(
      server.url,
      answer.headers
        .getSetCookie()
        .map((c) => c.split(';')[0])
        .join('; '),
    );
  }

  async actions(...names: string[]): Promise<void> {
    for (const name of names) {
      await body(this.client.POST('/actions', { body: { name, sensitive: name.endsWith(':refund') } }));
    }
  }

  /** A role together with the actions it names, which must be new. */
  async role(name: string, actions: string[], description = ''): Promise<Schema<'Role'>> {
    await this.actions(...actions);
    return body(this.client.POST('/roles', { body: { name, actions, description } }));
  }

  async user(person: { email: string; name?: string; level: Schema<'Level'>; roles?: string[] }): Promise<Schema<'UserCreated'>> {
    return body(this.client.POST('/users', { body: { name: person.email, password: admin.password, ...person } }));
  }

  async agent(name: string, change: Partial<Schema<'AgentCreate'>> = {}): Promise<Schema<'AgentWithSecret'>> {
    const selectors = [
      { key: 'k8s:ns', value: 'production' },
      { key: 'k8s:sa', value: 'customer-support-sa' },
    ];
    return body(this.client.POST('/agents', { body: { name, type: 'langchain', platform: 'kubernetes', selectors, ...change } }));
  }

  async delegation(role: string, agent: { client_id: string }, actions: string[], seconds = 3600): Promise<Schema<'Delegation'>> {
    const { client_id } = agent;
    return body(this.client.POST('/delegations', { body: { role, client_id, actions, max_duration_seconds: seconds } }));
  }

  /** A delegation template for the support group of a company directory, which nothing is ever asked of. */
  async template(role: string, { client_id }: { client_id: string }, actions: string[]) {
    const provider = await body(
      this.client.POST('/identity-providers', {
        body: { name: 'Company directory', issuer: 'https://id.example.com/realms/staff', audience: 'api://authsec' },
      }),
    );
    const conditions = [{ claim: 'groups', values: ['support'] }];
    const terms = { name: 'Support staff', identity_provider_id: provider.id, conditions, max_duration_seconds: 900 };
    const template = await body(this.client.POST('/delegation-templates', { body: { ...terms, client_id, role, actions } }));
    return { provider, template };
  }

  async resource(name: string, uri: string): Promise<Schema<'ResourceWithSecret'>> {
    return body(this.client.POST('/resources', { body: { name, uri } }));
  }

  async setRole(name: string, actions: string[]): Promise<void> {
    await body(this.client.PUT('/roles/{name}', { params: { path: { name } }, body: { actions } }));
  }

  async deleteRole(name: string): Promise<void> {
    await done(this.client.DELETE('/roles/{name}', { params: { path: { name } } }));
  }

  async deleteAction(name: string): Promise<void> {
    await done(this.client.DELETE('/actions/{name}', { params: { path: { name } } }));
  }

  async deleteAgent({ client_id }: { client_id: string }): Promise<void> {
    await done(this.client.DELETE('/agents/{client_id}', { params: { path: { client_id } } }));
  }

  async deleteResource({ id }: { id: string }): Promise<void> {
    await done(this.client.DELETE('/resources/{id}', { params: { path: { id } } }));
  }

  async agents(q: string): Promise<Schema<'Agent'>[]> {
    return (await body(this.client.GET('/agents', { params: { query: { q, limit: 200 } } }))).items;
  }
}

/** An agent that can fetch tokens: role, agent and the delegation between them. */
export async function delegatedAgent(api: Api, name = 'Customer Support') {
  const actions = ['billing:read', 'billing:refund', 'orders:read'];
  await api.role('customer-support', actions, 'Front-line support');
  const agent = await api.agent(name);
  const delegation = await api.delegation('customer-support', agent, actions);
  return { agent, delegation, actions };
}
