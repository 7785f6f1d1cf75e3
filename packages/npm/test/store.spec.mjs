import { test, expect } from 'clientele/playwright';

for (const name of ['one', 'two']) {
  test(`test ${name} signs in at its own storefront`, async ({ page, store }) => {
    await page.goto('/login.php');
    expect(new URL(page.url()).host).toContain(store.hash);
    await page.getByLabel(/email/i).first().fill('jane@example.com');
    await page.getByLabel(/password/i).first().fill('Secret-123');
    await page.getByRole('button', { name: /sign in/i }).first().click();
    await expect(page).toHaveURL(/account/);
    await store.expect({ surface: 'pages', method: 'POST', path: '/login.php', email: 'jane@example.com' });
  });
}
