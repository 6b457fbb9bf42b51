import { expect, test } from 'vitest'
import { formatBytes, formatCount, formatLeft, formatMs, formatRate } from './format.ts'

test('bytes', () => {
  expect([0, 999, 1000, 1536, 99_600, 999_600, 12.4e6, 1.79e9].map(formatBytes)).toEqual([
    ...['0 bytes', '999 bytes', '1.0 kB', '1.5 kB', '100 kB', '1.0 MB', '12.4 MB', '1.8 GB'],
  ])
})

test('milliseconds', () => {
  expect([0.42, 9.1, 41.3, 999.6, 1820, 125_000].map(formatMs)).toEqual([
    ...['0.4 ms', '9.1 ms', '41 ms', '1.0 s', '1.8 s', '2 min 5 s'],
  ])
})

test('time left, counts and rates', () => {
  expect([1, 32, 90, 5400].map(formatLeft)).toEqual(['a second left', '32 s left', '2 min left', '1.5 h left'])
  expect([64, 2048, 4.7e6, 7.06e9].map(formatCount)).toEqual(['64', '2.05 k', '4.70 M', '7.06 B'])
  expect([4.26, 109.4].map(formatRate)).toEqual(['4.3', '109'])
})
