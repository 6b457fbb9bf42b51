import * as library from '../../src/index.ts'
import { storiesFiles } from '../../src/testing/stories.ts'

const forTests = { ...library, storiesFiles }

declare global {
  var beagle: typeof forTests
}

/** Where a test's `page.evaluate` finds the library. */
globalThis.beagle = forTests
