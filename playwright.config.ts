import { existsSync } from 'node:fs'
import { defineConfig } from '@playwright/test'

// Debian's Chromium where it is; elsewhere the browser that Playwright itself has installed.
const executablePath = [process.env.CHROMIUM_PATH, '/usr/bin/chromium'].find((path) => path && existsSync(path))

/** Specs that visit every page and every action: the fixture that they look at takes a while to fill. */
const GALLERY = ['**/accessibility.spec.ts', '**/closed-door.spec.ts', '**/hidden-cluster.spec.ts', '**/roles.spec.ts']

export default defineConfig({
  testDir: 'e2e/specs',
  outputDir: 'test-results/e2e',
  // Two lines side by side, each in an order of its own and with a product of its own; those that look at the gallery share one.
  workers: 2,
  projects: [
    { name: 'gallery', testMatch: GALLERY, workers: 1 },
    { name: 'journeys', testIgnore: GALLERY, workers: 1 },
  ],
  retries: 0,
  forbidOnly: true,
  timeout: 180_000,
  globalTimeout: 15 * 60_000,
  // For a machine that is busy with other things: what is waited for comes, and comes once.
  expect: { timeout: 30_000 },
  // The JSON report goes to PLAYWRIGHT_JSON_OUTPUT_FILE, which the test run sets to count from.
  reporter: process.env.PLAYWRIGHT_JSON_OUTPUT_FILE ? [['list'], ['json']] : 'list',
  use: {
    browserName: 'chromium',
    viewport: { width: 1440, height: 900 },
    locale: 'en-GB',
    timezoneId: 'UTC',
    colorScheme: 'light',
    actionTimeout: 30_000,
    navigationTimeout: 60_000,
    trace: 'retain-on-failure',
    screenshot: 'only-on-failure',
    launchOptions: {
      executablePath,
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
})
