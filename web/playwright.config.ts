import { execFileSync } from 'node:child_process';
import { defineConfig } from '@playwright/test';

/** Debian's Chromium; playwright downloads none. */
function chromium(): string {
  if (process.env.AUTHSEC_CHROMIUM) return process.env.AUTHSEC_CHROMIUM;
  try {
    return execFileSync('sh', ['-c', 'command -v chromium'], { encoding: 'utf8' }).trim();
  } catch {
    throw new Error('Chromium is missing: install it with apt-get install chromium, or name one in AUTHSEC_CHROMIUM');
  }
}

export default defineConfig({
  testDir: 'e2e',
  outputDir: '../.build/playwright',
  workers: 2,
  retries: 0,
  // Bounds for what hangs, not measures: a machine that builds beside the tests is slow.
  timeout: 180_000,
  expect: { timeout: 20_000 },
  forbidOnly: true,
  reporter: [['list'], ['junit', { outputFile: '../.build/web-e2e.xml' }]],
  use: {
    trace: 'retain-on-failure',
    launchOptions: {
      executablePath: chromium(),
      args: [
        '--no-sandbox',
        '--disable-gpu',
        '--disable-quic',
        '--no-first-run',
        '--disable-background-networking',
        '--disable-component-update',
        '--disable-sync',
      ],
    },
  },
});
