import { describe, expect, it } from 'vitest'
import { readFolders } from './folders.ts'

describe('readFolders', () => {
  it('asks what each image’s folder is called, in the order of the paths', () => {
    const { rows, problems } = readFolders([
      'birds/red_panda/1.JPG',
      './robin\\2.webp',
      'robin/10.png',
      '.git/x',
      'robin/.DS_Store',
    ])
    expect(problems).toEqual([])
    expect(rows).toEqual([
      {
        image: 'birds/red_panda/1.JPG',
        turns: [{ question: 'What is this?', answer: 'red panda' }],
        name: 'birds/red_panda/1.JPG',
        kind: 'red panda',
      },
      {
        image: 'robin/10.png',
        turns: [{ question: 'What is this?', answer: 'robin' }],
        name: 'robin/10.png',
        kind: 'robin',
      },
      {
        image: 'robin/2.webp',
        turns: [{ question: 'What is this?', answer: 'robin' }],
        name: 'robin/2.webp',
        kind: 'robin',
      },
    ])
  })

  it('fills templates wherever the name is wanted', () => {
    const templates = { question: 'Is this a {name}? ', answer: 'Yes, a {name} ({name}).' }
    expect(readFolders(['a_$&/x.png'], templates).rows[0]!.turns).toEqual([
      { question: 'Is this a a $&?', answer: 'Yes, a a $& (a $&).' },
    ])
  })

  it.each([
    ['robin/notes.txt', /no image file/],
    ['robin/jpg', /no image file/],
    ['top.png', /in no folder/],
    ['___/x.png', /in no folder/],
  ])('reports %s and goes on', (path, message) => {
    const { rows, problems } = readFolders(['robin/1.png', path])
    expect(problems).toEqual([{ where: path, message: expect.stringMatching(message) }])
    expect(rows.length).toBe(1)
  })

  it('wants something to say', () => {
    const { problems } = readFolders(['robin/1.png'], { question: 'What?', answer: ' ' })
    expect(problems).toEqual([{ where: 'robin/1.png', message: expect.stringMatching(/The answer is empty/) }])
  })
})
