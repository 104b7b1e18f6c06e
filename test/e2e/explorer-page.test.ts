import { access, mkdtemp, rm } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterAll, beforeAll, expect, test } from '@jest/globals';
import { type BrowserContext, chromium, type Page } from 'playwright-core';
import { requireCounterpart } from '../counterparts.js';
import { ExplorerSite } from './support/explorer-site.js';
import { processesMentioning } from './support/process-table.js';
import { waitUntil } from './support/wait.js';

const browser = requireCounterpart('chromium');
const FLAGS = [
  '--headless',
  '--no-sandbox',
  '--disable-gpu',
  '--disable-quic',
  '--no-first-run',
  '--disable-background-networking',
  '--disable-component-update',
  '--disable-sync',
];
const WAIT_MS = 20_000;

browser.describe('the explorer in a browser', () => {
  let site: ExplorerSite;
  let profileDir: string;
  let context: BrowserContext;
  let page: Page;
  /** What the page complained about, and whom it asked. */
  const complaints: string[] = [];
  const asked = new Set<string>();

  beforeAll(async () => {
    profileDir = await mkdtemp(join(tmpdir(), 'cairn-browser-'));
    site = await ExplorerSite.start();
    context = await chromium.launchPersistentContext(profileDir, {
      executablePath: browser.path,
      args: FLAGS,
    });
    page = context.pages()[0] ?? (await context.newPage());
    page.setDefaultTimeout(WAIT_MS);
    page.on('console', (message) => {
      if (message.type() === 'error' || message.type() === 'warning') complaints.push(message.text());
    });
    page.on('pageerror', (error) => complaints.push(error.message));
    page.on('requestfailed', (request) => {
      const why = request.failure()?.errorText ?? '';
      // The stream of events ends with the page that follows it.
      if (why !== 'net::ERR_ABORTED') complaints.push(`${request.url()}: ${why}`);
    });
    context.on('request', (request) => asked.add(new URL(request.url()).host));
  }, 120_000);

  afterAll(async () => {
    await context?.close();
    await site?.stop();
    await rm(profileDir, { recursive: true, force: true });
    expect(processesMentioning(profileDir)).toEqual([]);
    await expect(access(site.folder)).rejects.toMatchObject({ code: 'ENOENT' });
  }, 60_000);

  const open = async (hash: string): Promise<void> => {
    await page.goto(`${site.adminUrl}/#/${hash}`);
  };
  const heading = (): Promise<string> => page.locator('main h1').innerText();
  const search = async (text: string): Promise<void> => {
    await page.fill('#search-text', text);
    await page.press('#search-text', 'Enter');
  };

  test('home: a new block appears while one looks, without a reload', async () => {
    await open('');
    const newest = page.locator('main table tbody tr').first().locator('a').first();
    const before = Number((await newest.innerText()).replace(/\D/g, ''));
    expect(before).toBeGreaterThan(0);
    await page.evaluate('globalThis.notReloaded = true');
    await waitUntil('two blocks more', WAIT_MS, async () => {
      const [now, tip] = await Promise.all([newest.innerText(), page.locator('#tip-text').innerText()]);
      return [now, tip].every((text) => Number(text.replace(/\D/g, '')) >= before + 2);
    });
    expect(await page.evaluate('globalThis.notReloaded')).toBe(true);
    expect(await page.locator('#live-dot').getAttribute('class')).toContain('live');
  }, 40_000);

  test('a contract: its terms, its proofs as they come, its coins', async () => {
    const [id = ''] = site.contracts;
    await open(`contract/${id}`);
    await page.locator('ol.timeline', { hasText: 'Formed' }).waitFor();
    expect(await heading()).toContain('Contract');
    await page.locator('ol.timeline li.good', { hasText: 'Proved' }).first().waitFor();
    expect(await page.locator('ol.epochs li.good').count()).toBeGreaterThan(0);
    const shown = await page.locator('ol.epochs li').count();
    expect(shown).toBe((await site.get<{ contract: { epochs: number } }>(`contracts/${id}`)).contract.epochs);
    expect(await page.locator('main').innerText()).toContain('Every movement of coins');
  }, 40_000);

  test('an epoch: its challenge, every draw and the verdict, a click away from the contract', async () => {
    const [id = ''] = site.contracts;
    await open(`contract/${id}`);
    await page.locator('.epochs .good a').first().click();
    await page.waitForURL(`**/#/epoch/${id}.*`);
    await page.locator('main h1', { hasText: 'proven' }).waitFor();
    const verdicts = await page.locator('main table tbody tr td:last-child').allInnerTexts();
    expect(verdicts).toEqual(['proven', 'proven']);
    await open(`contract/${id}`);
    await page.locator('main h3, main h2', { hasText: 'Bill of the client' }).first().waitFor();
  });

  test('search: a block by height and by id, a contract by id, nothing where nothing is', async () => {
    const { items } = await site.get<{ items: { height: number; id: string }[] }>('blocks?limit=1');
    const [block] = items;
    for (const text of [String(block?.height), block?.id ?? '']) {
      await search(text);
      await page.waitForURL(/#\/block\//);
      await page.locator('main[data-page=block] h1', { hasText: 'Block' }).waitFor();
      expect((await heading()).replace(/\D/g, '')).toBe(String(block?.height));
      await open('supply');
      await page.locator('main[data-page=supply]').waitFor();
    }
    await search(site.contracts[1] ?? '');
    await page.waitForURL(`**/#/contract/${site.contracts[1]}`);
    await page.locator('main[data-page=contract] p.lead', { hasText: site.contracts[1] ?? '' }).waitFor();
    await search('no such thing');
    await page.locator('main', { hasText: 'Nothing on this ledger has that id' }).waitFor();
  }, 40_000);

  test('the audit of the supply balances on the page', async () => {
    await open('supply');
    await page.getByRole('button', { name: 'Replay the whole chain and compare' }).click();
    await page.getByText('balanced', { exact: true }).waitFor();
    expect(await page.locator('main').innerText()).not.toContain('does not balance');
  }, 40_000);

  test('no page complains, and nobody but this site is asked', async () => {
    for (const name of ['blocks', 'contracts', 'providers', 'payouts']) {
      await open(name);
      await page.locator(`main[data-page=${name}] table tbody tr`).first().waitFor();
      expect(await page.locator('.problem[role=alert]').count()).toBe(0);
    }
    await page.goto(`${site.adminUrl}/api/docs`);
    await page.locator('.info, .swagger-ui, body h1').first().waitFor();
    expect(complaints).toEqual([]);
    expect([...asked]).toEqual([new URL(site.adminUrl).host]);
  }, 40_000);
});
