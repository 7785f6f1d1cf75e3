import { Clientele, type Rule, type Store } from 'clientele';
import { useStore } from 'clientele/jest';
import { test } from 'clientele/vitest';
import { test as journey, expect } from 'clientele/playwright';

const lost: Rule = { match: { surface: 'v3', method: 'POST' }, effect: { drop: 'after_commit' }, times: 1 };
const current: () => Store = useStore({ from: 'abc123' });

// @ts-expect-error There is no such surface.
const wrong: Rule = { match: { surface: 'v4' }, effect: {} };

test('fixtures', async ({ store, clientele }) => {
  const url: string = store.managementUrl;
  const now: Date = await clientele.clock.now();
  const { fired } = await (await store.fault(lost)).counts();
  return void [url, now, fired, current, wrong];
});

journey('fixtures', async ({ page, store }) => {
  await page.goto('/');
  expect((await store.emails({ kind: 'account_created' }))[0].links).toHaveLength(1);
});

export const own: Promise<Clientele & { stop(): Promise<void> }> = Clientele.launch({ seed: 'demo.yaml' });
