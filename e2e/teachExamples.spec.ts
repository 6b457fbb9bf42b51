import { resolve } from 'node:path'
import { expect, test } from '@playwright/test'
import { dropFiles, goldenModelFiles, modelReady, paintedCamera, root } from './chatPage.ts'
import {
  cards,
  dropFolder,
  groupTile,
  nameField,
  openExamples,
  pasteFile,
  picture,
  report,
  scene,
  textFile,
  write,
} from './examplesPage.ts'

test.beforeEach(({ page }) => openExamples(page))

test('pictures come by picker, paste, drop and camera, join the open group and are there after a reload', async ({
  page,
}) => {
  const chooser = page.waitForEvent('filechooser')
  await page.getByRole('button', { name: 'Pictures', exact: true }).click()
  await (await chooser).setFiles([0, 1].map((n) => resolve(root, scene(n))))
  await expect(cards(page)).toHaveCount(2)
  await expect(page.locator('.advice')).toContainText('without a name')
  await expect(nameField(page)).toBeFocused()
  await page.keyboard.type('toy')
  await expect(cards(page).first()).toContainText('toy')
  await expect(page.locator('.advice')).toContainText('Add a second group')

  await pasteFile(page, picture(2))
  await expect(cards(page)).toHaveCount(3)
  await dropFiles(page, [picture(3)])
  await expect(cards(page)).toHaveCount(4)

  await page.evaluate(paintedCamera)
  await page.getByRole('button', { name: /Take pictures with the camera/ }).click()
  await page.getByRole('button', { name: '8 in a row' }).click()
  await expect(page.locator('.countdown')).toHaveText('3')
  await expect(page.locator('.taken img')).toHaveCount(8)
  await expect(page.locator('.countdown')).toBeHidden()
  await page.keyboard.press('Escape')
  await expect(cards(page)).toHaveCount(12)

  await page.reload()
  await expect(cards(page)).toHaveCount(12)
  await expect(groupTile(page, 'toy')).toContainText('12')
  await expect(page.locator('.examples-head')).toContainText('12 examples, ready')
  await expect
    .poll(() =>
      page
        .locator('.thumb')
        .first()
        .evaluate((img: HTMLImageElement) => img.naturalWidth),
    )
    .toBe(128)
})

test('folders become groups by their names, chosen or dropped; what is no picture is reported', async ({
  page,
}, info) => {
  const folder = info.outputPath('animals')
  write(resolve(folder, 'robin/1.png'), picture(0).bytes)
  write(resolve(folder, 'robin/2.png'), picture(1).bytes)
  write(resolve(folder, 'red_kite/1.png'), picture(2).bytes)
  write(resolve(folder, 'red_kite/broken.png'), Buffer.from('Dear beagle'))
  const chooser = page.waitForEvent('filechooser')
  await page.getByRole('button', { name: 'Folder' }).click()
  await (await chooser).setFiles(folder)
  await expect(groupTile(page, 'robin')).toContainText('2')
  await expect(groupTile(page, 'red kite')).toContainText('1')
  await expect(report(page)).toHaveText([/^animals\/red_kite\/broken\.png Not an image/])
  await page.getByRole('button', { name: 'Close the report' }).click()

  await dropFolder(page, 'more', {
    'robin/3.png': picture(3),
    'owl/1.png': picture(4),
    'owl/notes.txt': textFile('notes.txt', ''),
  })
  await expect(groupTile(page, 'robin')).toContainText('3')
  await expect(groupTile(page, 'owl')).toContainText('1')
  await expect(report(page)).toHaveText([/^more\/owl\/notes\.txt Neither a picture/])
})

test('data files teach their rows; the report names bad lines and missing pictures, which may follow', async ({
  page,
}) => {
  const llava = [
    {
      image: 'images/scene000.png',
      conversations: [
        { from: 'human', value: '<image>\nWhat is it?' },
        { from: 'gpt', value: 'a toy' },
        { from: 'human', value: 'Which color?' },
        { from: 'gpt', value: 'green' },
      ],
    },
    { image: 'images/scene001.png', conversations: [] },
  ]
  await dropFiles(page, [textFile('lesson.json', JSON.stringify(llava, null, 2)), picture(0), picture(1)])
  await expect(groupTile(page, 'lesson.json')).toContainText('1')
  await expect(cards(page)).toContainText(['What is it?a toyand 1 more'])
  await expect(report(page).first()).toContainText(/^lesson\.json:\d+ /)
  await expect(page.locator('.report h3')).toHaveText(/^3 files: 1 added, 2 problems$/)

  const jsonl = [
    '{"image": "scene002.png", "question": "What?", "answer": "two", "kind": "naming"}',
    '{"image": "scene002.png", "question": ',
    '{"image": "scene003.png", "question": "Where?", "answer": "left"}',
    '{"image": "nowhere/at/all.png", "question": "Why?", "answer": "so"}',
    '{"image": "/no/such/address.png"}',
  ].join('\n')
  await dropFiles(page, [textFile('lesson.jsonl', jsonl), picture(2)])
  await expect(groupTile(page, 'naming')).toContainText('1')
  await expect(report(page)).toHaveText([
    /^lesson\.jsonl:2 This is no JSON/,
    /^lesson\.jsonl:5 /,
    'lesson.jsonl:3 Its picture scene003.png is missing.',
    'lesson.jsonl:4 Its picture nowhere/at/all.png is missing.',
  ])
  await expect(page.locator('.report-missing')).toContainText('2 pictures are missing')
  const chooser = page.waitForEvent('filechooser')
  await page.getByRole('button', { name: 'Choose them' }).click()
  await (await chooser).setFiles(resolve(root, scene(3)))
  await expect(groupTile(page, 'lesson.jsonl')).toContainText('1')
  await expect(page.locator('.report-missing')).toContainText('One picture is missing')

  const address = new URL('/samples/garden.png', page.url()).href
  const csv = `image,question,answer\n${address},What is it?,a garden\n${address}x,What is it?,nothing\nscene004.png,What is it?,four\n`
  await dropFiles(page, [textFile('table.csv', csv), picture(4)])
  await expect(groupTile(page, 'table.csv')).toContainText('2')
  await expect(report(page)).toHaveText([/^table\.csv:3 .*garden\.pngx answered 404/])
})

test('examples are edited, asked several things, duplicated, moved, deleted and brought back', async ({ page }) => {
  await dropFolder(page, 'birds', { 'robin/1.png': picture(0), 'robin/2.png': picture(1), 'wren/1.png': picture(2) })
  await groupTile(page, 'robin').click()
  await page.getByRole('button', { name: 'Edit 1.png: robin' }).click()
  const editor = page.getByRole('dialog')
  await editor.getByRole('button', { name: 'Write questions and answers' }).click()
  await editor.getByLabel('Question', { exact: true }).fill('Which bird?')
  await editor.getByLabel('Answer', { exact: true }).fill('a red one')
  await editor.getByRole('button', { name: 'Another question' }).click()
  await editor.getByLabel('Question 2', { exact: true }).fill('Where?')
  await editor.getByLabel('Answer 2', { exact: true }).fill('on a branch')
  await editor.getByRole('button', { name: 'Duplicate' }).click()
  await editor.getByLabel('Group', { exact: true }).selectOption('wren')
  await page.keyboard.press('Escape')
  await expect(groupTile(page, 'robin')).toContainText('2')
  await expect(groupTile(page, 'wren')).toContainText('2')
  await expect(cards(page).first()).toHaveText('Which bird?a red oneand 1 more')

  await nameField(page).fill('red robin')
  await expect(cards(page).nth(1)).toHaveText('red robin')
  await page.getByRole('button', { name: 'Edit 2.png: red robin' }).focus()
  await page.keyboard.press('Delete')
  await expect(cards(page)).toHaveCount(1)
  await page.getByRole('button', { name: 'Undo' }).click()
  await expect(cards(page)).toHaveCount(2)
  await page.getByRole('button', { name: 'Delete the group red robin' }).click()
  await expect(cards(page)).toHaveCount(2)
  await page.locator('.group').first().focus()
  await page.keyboard.press('Control+z')
  await expect(groupTile(page, 'red robin')).toContainText('2')

  await page.locator('.group').first().click()
  for (const box of (await page.locator('.example-pick').all()).slice(0, 2)) await box.click()
  await page.getByRole('button', { name: 'Duplicate the selected' }).click()
  await expect(cards(page)).toHaveCount(6)
  await page.getByLabel('Move to').selectOption('New group')
  await expect(nameField(page)).toBeFocused()
  await page.keyboard.type('owl')
  await expect(groupTile(page, 'owl')).toContainText('2')

  await page.reload()
  await expect(groupTile(page, 'owl')).toContainText('2')
  await expect(groupTile(page, 'red robin')).toContainText('2')
  await page.getByRole('button', { name: 'Remove all' }).click()
  await expect(page.getByRole('heading', { name: 'Add your own' })).toBeVisible()
  await page.getByRole('button', { name: 'Undo' }).click()
  await expect(cards(page)).toHaveCount(6)
})

test('a dropped model is loaded, a dropped projector that does not fit is refused, and the pictures beside them join', async ({
  page,
}) => {
  await dropFiles(page, [...goldenModelFiles(), picture(0)])
  await modelReady(page, 'Dropped files')
  await expect(cards(page)).toHaveCount(1)
  await dropFiles(page, [{ name: 'wrong.safetensors', type: '', bytes: Buffer.from('Dear beagle') }])
  await expect(page.locator('.toast.is-problem')).toContainText('wrong.safetensors')
  await expect(report(page)).toHaveCount(0)
})

test('the sample set loads with one click, stops on request and comes by pages', async ({ page }) => {
  await page.getByRole('button', { name: 'Load the sample set' }).click()
  await page.getByRole('button', { name: 'Stop' }).click()
  await expect(page.getByText('before you stopped')).toBeVisible()
  await page.getByRole('button', { name: 'Undo' }).click()
  const offer = page.locator('.offer.is-sample')
  const count = Number.parseInt((await offer.innerText()).match(/[\d,]+ small scenes/)![0].replace(',', ''), 10)
  expect(count).toBeGreaterThan(200)
  await page.getByRole('button', { name: 'Load the sample set' }).click()
  await expect(page.locator('.examples-head')).toContainText(`${count.toLocaleString('en')} examples, ready`)
  await expect(cards(page)).toHaveCount(30)
  await page.getByRole('button', { name: 'Next page' }).click()
  await expect(page.getByLabel('Page', { exact: true })).toHaveValue('1')
  await page.getByLabel('Search names, questions and answers').fill('no such thing')
  await expect(page.getByText('Nothing matches')).toBeVisible()
})

test('many pictures get their answers in a row, each with Enter', async ({ page }) => {
  await dropFiles(page, [picture(0), picture(1), picture(2)])
  await page.getByLabel('Questions for each').check()
  await expect(page.locator('.advice')).toContainText('3 pictures have no answer yet')
  await cards(page).first().getByRole('button').click()
  await page.getByLabel('Answer', { exact: true }).fill('one')
  await page.keyboard.press('Enter')
  await expect(page.getByRole('dialog', { name: 'scene001.png' })).toBeVisible()
  await page.keyboard.type('two')
  await page.keyboard.press('Enter')
  await page.keyboard.type('three')
  await page.keyboard.press('Escape')
  await expect(cards(page)).toHaveText(['What is this?one', 'What is this?two', 'What is this?three'])
})
