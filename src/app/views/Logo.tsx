/** The beagle: tan head, white blaze, dark ears. The same drawing as public/icon.svg. */
export function Logo({ size }: { size: number }) {
  return (
    <svg class="logo" width={size} height={size} viewBox="0 0 64 64" aria-hidden="true">
      <path
        class="logo-head"
        d="M32 7c-11.500 0-18 7.500-18 19.500C14 41 20 57 32 57s18-16 18-30.500C50 14.500 43.500 7 32 7z"
      />
      <path
        class="logo-blaze"
        d="M32 7c-2.200 0-3.200 1.300-3 4 .6 8 .2 15-3.400 20C21.500 35 19.500 39 20 44.500 21.400 52 26 57 32 57s10.600-5 12-12.500c.5-5.500-1.500-9.500-5.600-13.500-3.600-5-4-12-3.400-20 .2-2.700-.8-4-3-4z"
      />
      <path
        class="logo-ear"
        d="M20.500 9.500C12 9 5.500 15 4 26c-1 8 .2 15.500 3.600 18.500 3.200 2.800 7-.4 8.200-6.500C17 31.500 17 22 20.500 9.500z"
      />
      <path
        class="logo-ear"
        d="M43.500 9.500C52 9 58.500 15 60 26c1 8-.2 15.500-3.600 18.500-3.200 2.800-7-.4-8.200-6.500C47 31.500 47 22 43.500 9.500z"
      />
      <circle class="logo-dark" cx="23.600" cy="29" r="2.700" />
      <circle class="logo-dark" cx="40.400" cy="29" r="2.700" />
      <path class="logo-dark" d="M32 45.500c-3 0-6-2.600-6-5 0-2 2.600-3 6-3s6 1 6 3c0 2.400-3 5-6 5z" />
      <path class="logo-line" d="M32 45v4c0 2-2 3-4 2.600M32 49c0 2 2 3 4 2.600" />
    </svg>
  )
}
