import { AxeBuilder } from '@axe-core/playwright'
import { expect, type Page, test } from '@playwright/test'

/** axe finds nothing in this state of a page with columns, and nothing is wider than the window. */
export async function check(page: Page, state: string): Promise<void> {
  await test.step(state, async () => {
    const { violations } = await new AxeBuilder({ page }).analyze()
    expect(violations.map(({ id, nodes }) => ({ id, nodes: nodes.map(({ target }) => String(target)) }))).toEqual([])
    const overflow = await page.evaluate(() => {
      const columns = document.querySelector('.teach-columns')!
      return Math.max(document.documentElement.scrollWidth - innerWidth, columns.scrollWidth - columns.clientWidth)
    })
    expect(overflow, 'nothing is wider than the window').toBeLessThanOrEqual(0)
  })
}

/** Presses Tab until what is called `name` has the focus. */
export async function tabTo(page: Page, name: RegExp): Promise<void> {
  for (let presses = 0; presses < 60; presses++) {
    const focused = await page.evaluate(() => {
      const { activeElement: here } = document
      const label = here instanceof HTMLInputElement ? here.labels?.[0]?.textContent : here?.textContent
      return here?.getAttribute('aria-label') ?? label ?? ''
    })
    if (name.test(focused)) return
    await page.keyboard.press('Tab')
  }
  throw new Error(`Tab does not reach ${name}`)
}
