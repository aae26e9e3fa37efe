import { expect, type Locator, type Page } from '@playwright/test';

/** Somebody who has no mouse. Everything goes through the page's keyboard. */
export class Keys {
  readonly #page: Page;

  constructor(page: Page) {
    this.#page = page;
  }

  async press(...keys: string[]): Promise<void> {
    for (const key of keys) await this.#page.keyboard.press(key);
  }

  /** Tabs to a control, which must then show that it has the focus. */
  async to(target: Locator, key: 'Tab' | 'Shift+Tab' = 'Tab'): Promise<void> {
    await expect(target).toBeVisible();
    await expect(target).toBeEnabled();
    for (let pressed = 0; !(await target.evaluate((e) => e === document.activeElement)); pressed++) {
      expect(pressed, `presses of ${key} without reaching ${target}`).toBeLessThan(150);
      await this.press(key);
    }
    await expect.poll(() => target.evaluate(showsFocus), `${target} shows that it has the focus`).toBe(true);
  }

  async activate(target: Locator, key = 'Enter'): Promise<void> {
    await this.to(target);
    await this.press(key);
  }

  /** Types in place of what a field holds. */
  async fill(target: Locator, text: string): Promise<void> {
    await this.to(target);
    await this.press('Control+a', 'Delete');
    await this.#page.keyboard.type(text);
    await expect(target).toHaveValue(text);
  }

  /** Chooses from a list that opens under a field. */
  async choose(target: Locator, name: string): Promise<void> {
    await this.to(target);
    await this.press('ArrowDown');
    const option = this.#page.getByRole('option', { name, exact: true });
    await expect(async () => {
      if ((await option.getAttribute('data-combobox-selected', { timeout: 1000 })) === 'true') return;
      await this.press('ArrowDown');
      throw new Error(`${name} is not the chosen option yet`);
    }).toPass({ intervals: [50] });
    await this.press('Enter');
  }

  /** Tabs over both ends of a dialog, which opens near its beginning: the focus never leaves. */
  async expectToStayIn(dialog: Locator): Promise<void> {
    for (const key of ['Shift+Tab', 'Shift+Tab', 'Shift+Tab', 'Tab', 'Tab', 'Tab']) {
      await this.press(key);
      await expect(dialog.locator(':focus'), `${key} stays in the dialog`).toHaveCount(1);
    }
  }

  /** Opens a dialog, tries to tab out of it, closes it by Escape, and is back where it began. */
  async openAndEscape(opener: Locator, dialog: Locator): Promise<void> {
    await this.activate(opener);
    await expect(dialog.locator(':focus')).toHaveCount(1);
    await this.expectToStayIn(dialog);
    await this.press('Escape');
    await expect(dialog).toBeHidden();
    await expect(opener, 'Escape gives the focus back').toBeFocused();
  }
}

/** Whether an element, its label or the frame around it looks other than in a copy that has no focus. */
function showsFocus(element: Element): boolean {
  const frame = element.parentElement?.parentElement;
  if (!frame || element !== document.activeElement) return false;
  const copy = frame.cloneNode(true) as Element;
  // Or a radio button would take the choice away from its original.
  for (const named of copy.querySelectorAll('[name]')) named.removeAttribute('name');
  const all = (root: Element) => [root, ...root.querySelectorAll('*')];
  const drawn = all(frame);
  const looks = (nodes: Element[]) =>
    [element, element.nextElementSibling, element.parentElement, frame].map((part) => {
      const node = part && nodes[drawn.indexOf(part)];
      if (!node) return '';
      const { outlineStyle, outlineWidth, borderColor, boxShadow } = getComputedStyle(node);
      return [outlineStyle === 'none' ? '' : outlineWidth, borderColor, boxShadow].join(' ');
    });
  frame.after(copy);
  const plain = looks(all(copy));
  copy.remove();
  return looks(drawn).join() !== plain.join();
}
