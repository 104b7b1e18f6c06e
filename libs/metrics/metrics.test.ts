import { afterEach, describe, expect, test } from '@jest/globals';
import { Controller, Get, Inject, Module, Param } from '@nestjs/common';
import { InvariantError } from '#errors';
import { createHttpApp, type RunningHttpApp } from '#http';
import { createMetrics, METRICS, type Metrics, MetricsModule } from './index.js';

@Controller()
class CountingController {
  private readonly stored;
  constructor(@Inject(METRICS) metrics: Metrics) {
    this.stored = metrics.counter('cairn_fragments_stored_total', 'Fragments stored', ['result']);
    metrics.gauge('cairn_disk_free_bytes', 'Free disk', [], (gauge) => gauge.set(123));
  }

  @Get('store/:id')
  store(@Param('id') id: string): string {
    this.stored.inc({ result: 'ok' });
    return id;
  }
}

@Module({ imports: [MetricsModule.forApp('provider')], controllers: [CountingController] })
class CountingModule {}

let running: RunningHttpApp | undefined;
afterEach(() => running?.close());

const scrape = async (): Promise<string> => (await fetch(`${running!.url}/metrics`)).text();

describe('/metrics', () => {
  test('shows what was counted, the process, and requests by route', async () => {
    running = await createHttpApp(CountingModule, { port: 0 });
    await (await fetch(`${running.url}/store/abc`)).text();
    await (await fetch(`${running.url}/store/def`)).text();
    const answer = await fetch(`${running.url}/metrics`);
    expect(answer.headers.get('content-type')).toContain('text/plain; version=0.0.4');
    const text = await answer.text();
    expect(text).toContain('cairn_fragments_stored_total{result="ok",app="provider"} 2');
    expect(text).toContain('cairn_disk_free_bytes{app="provider"} 123');
    expect(text).toMatch(/process_resident_memory_bytes\{app="provider"\} \d+/);
    expect(await scrape()).toMatch(
      /cairn_http_request_duration_seconds_count\{[^}]*route="\/store\/:id"[^}]*\} 2/,
    );
    expect(await scrape()).not.toContain('abc');
  });

  test('of two apps in one process do not mix', () => {
    const [one, other] = [createMetrics('one'), createMetrics('other')];
    one.counter('cairn_blocks_total', 'Blocks');
    expect(() => other.counter('cairn_blocks_total', 'Blocks')).not.toThrow();
  });
});

describe('names', () => {
  const metrics = createMetrics('names');
  test.each([
    'cairn_upload_milliseconds',
    'cairn_disk_free',
    'disk_free_bytes',
    'cairn_Disk_bytes',
    'cairn_bytes',
  ])('a gauge %s is refused', (name) => expect(() => metrics.gauge(name, 'x')).toThrow(InvariantError));
  test.each(['cairn_blocks', 'cairn_blocks_count'])('a counter %s is refused', (name) =>
    expect(() => metrics.counter(name, 'x')).toThrow(InvariantError),
  );
});
