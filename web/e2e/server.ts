import { type ChildProcess, spawn } from 'node:child_process';
import { closeSync, mkdtempSync, openSync, readFileSync, rmSync, writeFileSync } from 'node:fs';
import { createServer } from 'node:net';
import { tmpdir } from 'node:os';
import { join, resolve } from 'node:path';

export const repository = resolve(import.meta.dirname, '../..');

export const admin = { email: 'admin@example.com', password: 'correct horse battery staple' };

/** A port that nothing listens on. */
async function freePort(): Promise<number> {
  return new Promise((done, fail) => {
    const probe = createServer().on('error', fail);
    probe.listen(0, '127.0.0.1', () => {
      const address = probe.address();
      probe.close(() => (address && typeof address === 'object' ? done(address.port) : fail(new Error('no port'))));
    });
  });
}

/** A program of this repository under test, with its log in a file. */
class Program {
  #child: ChildProcess | undefined;
  readonly binary: string;
  readonly log: string;

  constructor(binary: string, folder: string) {
    this.binary = binary;
    this.log = join(folder, `${binary}.log`);
  }

  async start(args: string[], ready: string): Promise<void> {
    const log = openSync(this.log, 'a');
    const child = spawn(join(repository, 'bin', this.binary), args, { stdio: ['ignore', log, log] });
    closeSync(log);
    this.#child = child;
    let failure: Error | undefined;
    child.on('error', (error) => {
      failure = error;
    });
    const until = Date.now() + 30_000;
    for (;;) {
      if (failure) throw new Error(`${this.binary} cannot run; build it first with make build`, { cause: failure });
      if (child.exitCode !== null) throw new Error(`${this.binary} ended before it was ready:\n${this.output()}`);
      if (Date.now() > until) throw new Error(`${this.binary} is not ready after 30 seconds:\n${this.output()}`);
      const answer = await fetch(ready).catch(() => undefined);
      if (answer?.ok) return;
      await new Promise((done) => setTimeout(done, 25));
    }
  }

  async stop(): Promise<void> {
    const child = this.#child;
    this.#child = undefined;
    if (!child || child.exitCode !== null) return;
    const ended = new Promise((done) => child.once('exit', done));
    child.kill('SIGTERM');
    // Open connections may outlast the grace that the test has; the data is safe either way.
    const impatient = setTimeout(() => child.kill('SIGKILL'), 5_000);
    await ended;
    clearTimeout(impatient);
  }

  output(): string {
    return readFileSync(this.log, 'utf8');
  }
}

/** bin/authsec on a port and with data of its own. */
export class Server {
  readonly url: string;
  readonly #port: number;
  readonly #folder: string;
  readonly #firstAdmin: boolean;
  readonly #program: Program;
  #billing: Program | undefined;

  private constructor(port: number, folder: string, firstAdmin: boolean) {
    this.url = `http://localhost:${port}`;
    this.#port = port;
    this.#folder = folder;
    this.#firstAdmin = firstAdmin;
    this.#program = new Program('authsec', folder);
  }

  /** Starts one; without `firstAdmin` nobody can sign in until the printed link has been used. */
  static async start(firstAdmin: boolean): Promise<Server> {
    const server = new Server(await freePort(), mkdtempSync(join(tmpdir(), 'authsec-e2e-')), firstAdmin);
    await server.up();
    return server;
  }

  async up(): Promise<void> {
    const args = ['serve', '--listen', `127.0.0.1:${this.#port}`, '--public-url', this.url, '--data-dir', join(this.#folder, 'data')];
    if (this.#firstAdmin) {
      const password = join(this.#folder, 'password');
      writeFileSync(password, admin.password, { mode: 0o600 });
      args.push('--admin-email', admin.email, '--admin-password-file', password);
    }
    await this.#program.start(args, `${this.url}/readyz`);
  }

  async down(): Promise<void> {
    await this.#program.stop();
  }

  async remove(): Promise<void> {
    await this.#billing?.stop();
    await this.down();
    rmSync(this.#folder, { recursive: true, force: true });
  }

  /** The one-time link that a server without users prints. */
  setupLink(): string {
    const link = this.#program.output().match(/http:\/\/\S+\/setup#token=\S+/);
    if (!link) throw new Error(`The server printed no set-up link:\n${this.#program.output()}`);
    return link[0];
  }

  /** Starts the demo's billing API, which trusts this server; returns its URL. */
  async billingApi(): Promise<string> {
    const port = await freePort();
    const url = `http://127.0.0.1:${port}`;
    this.#billing = new Program('billing-api', this.#folder);
    const args = ['--listen', `127.0.0.1:${port}`, '--issuer', this.url, '--audience', 'authsec-api'];
    await this.#billing.start(args, `${url}/healthz`);
    return url;
  }
}
