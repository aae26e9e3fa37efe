import AxeBuilder from '@axe-core/playwright';
import { test as base, expect, type Locator, type Page } from '@playwright/test';
import { Api } from './api';
import { admin, Server } from './server';

export { expect } from '@playwright/test';
export { admin } from './server';

/** What a page said that no page should say. */
class Complaints {
  readonly #found: string[] = [];
  readonly #expected: RegExp[] = [];

  /** What the test itself brings about: a refused request, or none at all ('network'). */
  expect(status: number | 'network', path: RegExp) {
    const words = status === 'network' ? 'net::ERR_\\w+' : `the server responded with a status of ${status} `;
    this.#expected.push(new RegExp(`^Failed to load resource: ${words}.* http://localhost:\\d+${path.source}`));
  }

  /** What the test itself makes the page say. */
  expectText(said: RegExp) {
    this.#expected.push(said);
  }

  watch(page: Page) {
    page.on('console', (message) => {
      if (message.type() === 'error' || message.type() === 'warning') this.#found.push(`${message.text()} ${message.location().url}`);
    });
    page.on('pageerror', (error) => this.#found.push(`Uncaught ${error.stack ?? error}`));
  }

  unexpected(): string[] {
    return this.#found.filter((said) => !this.#expected.some((pattern) => pattern.test(said)));
  }
}

interface Options {
  /** Whether the server starts with an administrator, `admin`. */
  firstAdmin: boolean;
}

interface Fixtures {
  server: Server;
  /** As the first administrator. */
  api: Api;
  complaints: Complaints;
}

export const test = base.extend<Options & Fixtures>({
  firstAdmin: [true, { option: true }],
  server: async ({ firstAdmin }, use) => {
    const server = await Server.start(firstAdmin);
    await use(server);
    await server.remove();
  },
  baseURL: async ({ server }, use) => use(server.url),
  viewport: { width: 1280, height: 800 },
  actionTimeout: 10_000,
  api: async ({ server }, use) => use(await Api.signIn(server)),
  complaints: [
    async ({ context }, use) => {
      const complaints = new Complaints();
      await context.addInitScript(() => {
        document.addEventListener('securitypolicyviolation', (e) =>
          reportError(new Error(`Against the policy: ${e.violatedDirective} ${e.blockedURI}`)),
        );
      });
      context.on('page', (page) => complaints.watch(page));
      await use(complaints);
      expect(complaints.unexpected(), 'errors, warnings and policy violations of the page').toEqual([]);
    },
    { auto: true },
  ],
});

/** Signs the browser in without the form, which signing-in.spec.ts is about. */
export async function signedIn(page: Page, { email, password } = admin): Promise<void> {
  const answer = await page.request.post('/api/v1/session', { data: { email, password } });
  expect(answer.status(), await answer.text()).toBe(200);
}

/** A field by its whole label; that of a required one ends in an asterisk for the eye. */
export const field = (within: Page | Locator, label: string): Locator =>
  within.getByLabel(new RegExp(`^${label.replaceAll(/[.*+?^${}()|[\]\\]/g, '\\$&')}( \\*)?$`));

export async function fillSignIn(page: Page, { email, password }: { email: string; password: string }): Promise<void> {
  await field(page, 'Email').fill(email);
  await field(page, 'Password').fill(password);
  await page.getByRole('button', { name: 'Sign in', exact: true }).click();
}

/** No violation that axe-core finds, of WCAG 2.2 AA and before. */
export async function expectAccessible(page: Page): Promise<void> {
  // What is still fading in has the contrast of neither its beginning nor its end.
  await page.waitForFunction(() =>
    document.getAnimations().every((a) => a.playState !== 'running' || a.effect?.getTiming().iterations === Infinity),
  );
  const tags = ['wcag2a', 'wcag2aa', 'wcag21a', 'wcag21aa', 'wcag22aa'];
  const { violations } = await new AxeBuilder({ page }).withTags(tags).analyze();
  const said = violations.flatMap((v) => v.nodes.map((n) => `${v.id}: ${n.target.join(' ')}\n${n.failureSummary}`));
  // Softly, so that one run tells of every page.
  expect.soft(said, `accessibility of ${page.url()}`).toEqual([]);
}

/** The page scrolls in one direction only. */
export async function expectNoSidewaysScroll(page: Page): Promise<void> {
  const excess = () => page.evaluate(() => document.documentElement.scrollWidth - document.documentElement.clientWidth);
  await expect.poll(excess, { message: `width of ${page.url()} beyond the window` }).toBeLessThanOrEqual(0);
}
