const paths = {
  image: 'M4 5h16v14H4zM4 16l4.5-4.5 4 4L16 12l4 4M15.5 8.5h.01',
  camera: 'M4 8h3l2-3h6l2 3h3v11H4zM12 16.5a3.5 3.5 0 1 0 0-7 3.5 3.5 0 0 0 0 7z',
  send: 'M12 19V5M6 11l6-6 6 6',
  stop: 'M8 8h8v8H8z',
  close: 'M6 6l12 12M18 6L6 18',
  copy: 'M9 9h11v11H9zM15 9V4H4v11h5',
  check: 'M5 12.5l4.5 4.5L19 7.5',
  again: 'M19.5 12a7.5 7.5 0 1 1-2.2-5.3L20 9.4M20 4v5.4h-5.4',
  edit: 'M4 20h4L19.5 8.5l-4-4L4 16zM13 7l4 4',
  settings: 'M4 7h9M17 7h3M4 17h3M11 17h9M15 9.5v-5M9 19.5v-5',
  chip: 'M7 7h10v10H7zM10 3v4M14 3v4M10 17v4M14 17v4M3 10h4M3 14h4M17 10h4M17 14h4',
  newChat: 'M11 5H5v14h14v-6M9.5 14.5v-3L18 3l3 3-8.500 8.500z',
  folder: 'M3 6h6l2 2.5h10V19H3z',
  trash: 'M5 7h14M10 7V4h4v3M7 7l1 13h8l1-13M10.5 11v5M13.5 11v5',
  chevron: 'M7 10l5 5 5-5',
  down: 'M12 5v14M6 13l6 6 6-6',
  warning: 'M12 4L2.8 20h18.4zM12 10v4.5M12 17.3h.01',
  box: 'M12 3l8 4.5v9L12 21l-8-4.5v-9zM4.3 7.6L12 12l7.7-4.4M12 12v8.8',
  chat: 'M4 5h16v11h-8l-4.5 4v-4H4z',
  teach: 'M2.5 9L12 4.5 21.500 9 12 13.500zM6.500 11v5c3 2.600 8 2.600 11 0v-5M21.500 9v5.500',
  lab: 'M10 3.500v6L4.800 18.300a1.500 1.500 0 0 0 1.300 2.200h11.800a1.500 1.500 0 0 0 1.300-2.200L14 9.500v-6M8.500 3.500h7M7.500 15h9',
  pause: 'M9 6v12M15 6v12',
  play: 'M8 5.500l10.500 6.500L8 18.500z',
  save: 'M12 4v11M7 10.500l5 5 5-5M5 20h14',
  open: 'M12 16V5M7 9.500l5-5 5 5M5 20h14',
  cross: 'M7 7l10 10M17 7L7 17',
  projector: 'M4 6v12l6-3V9zM14 8h6M14 12h6M14 16h6',
  flip: 'M4 9a8 8 0 0 1 14-3l2 2M20 4v4h-4M20 15a8 8 0 0 1-14 3l-2-2M4 20v-4h4',
  plus: 'M12 5v14M5 12h14',
  search: 'M10.500 17a6.500 6.500 0 1 0 0-13 6.500 6.500 0 0 0 0 13zM15.500 15.500L20 20',
  eye: 'M2.500 12c2.500-4.500 5.800-6.500 9.500-6.500s7 2 9.500 6.500c-2.500 4.500-5.800 6.500-9.500 6.500s-7-2-9.500-6.500zM12 15a3 3 0 1 0 0-6 3 3 0 0 0 0 6z',
  back: 'M15 6l-6 6 6 6',
  next: 'M9 6l6 6-6 6',
} as const

export type IconName = keyof typeof paths

/** A stroked 24-unit icon; decorative, the button around it carries the name. */
export function Icon({ name }: { name: IconName }) {
  return (
    <svg class="icon" viewBox="0 0 24 24" aria-hidden="true">
      <path d={paths[name]} />
    </svg>
  )
}
