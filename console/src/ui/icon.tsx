/** Line icons on a grid of 24, drawn for this console. */
const PATHS = {
  studio: 'M4 20l4-1L19 8a2.1 2.1 0 0 0-3-3L5 16l-1 4zM14 7l3 3',
  gallery: 'M4 4h7v7H4zM13 4h7v7h-7zM4 13h7v7H4zM13 13h7v7h-7z',
  account: 'M12 12a4 4 0 1 0 0-8 4 4 0 0 0 0 8zM4 20c1-4 4-6 8-6s7 2 8 6',
  queue: 'M4 6h16M4 12h11M4 18h7',
  channels: 'M5 5h14v5H5zM5 14h14v5H5zM8 7.5h.01M8 16.5h.01',
  key: 'M14.5 13.500a5 5 0 1 0-4-4L4 16v4h4v-3h3z',
  users:
    'M9 11a3.5 3.5 0 1 0 0-7 3.5 3.5 0 0 0 0 7zM3 20c.5-4 3-6 6-6s5.5 2 6 6M16 4.500a3.5 3.5 0 0 1 0 6.500M18 14.500c2 1 3 3 3 5.5',
  prices: 'M4 12V5a1 1 0 0 1 1-1h7l8 8-8 8zM8.5 8.500h.01',
  ledger: 'M5 4h12a2 2 0 0 1 2 2v14H7a2 2 0 0 1-2-2zM9 8h6M9 12h6',
  deliveries: 'M4 12l16-8-6 16-3-7zM11 13l9-9',
  usage: 'M4 20h16M7 16v-4M12 16V7M17 16v-6',
  audit: 'M9 4h6v3H9zM7 5H5v15h14V5h-2M9 13l2 2 4-4',
  words: 'M12 21a9 9 0 1 0 0-18 9 9 0 0 0 0 18zM6 6l12 12',
  health: 'M3 12h4l3-7 4 14 3-7h4',
  filter: 'M4 6h16M7 12h10M10 18h4',
  more: 'M4 7h16M4 12h16M4 17h16',
  close: 'M6 6l12 12M18 6L6 18',
  check: 'M5 13l4 4L19 7',
  plus: 'M12 5v14M5 12h14',
  copy: 'M9 9h11v11H9zM5 15H4V4h11v1',
  download: 'M12 4v11M7 11l5 5 5-5M5 20h14',
  search: 'M11 18a7 7 0 1 0 0-14 7 7 0 0 0 0 14zM16 16l4 4',
  sun: 'M12 16a4 4 0 1 0 0-8 4 4 0 0 0 0 8zM12 3v2M12 19v2M3 12h2M19 12h2M5.6 5.600L7 7M17 17l1.4 1.400M5.6 18.400L7 17M17 7l1.4-1.4',
  moon: 'M20 14A8 8 0 1 1 10 4a7 7 0 0 0 10 10z',
  screen: 'M4 5h16v11H4zM9 20h6M12 16v4',
  out: 'M14 4h5v16h-5M4 12h10M10 8l4 4-4 4',
  docs: 'M6 3h8l4 4v14H6zM14 3v4h4M9 12h6M9 16h6',
  image: 'M4 5h16v14H4zM8.5 10h.01M4 17l5-5 4 4 3-3 4 4',
  play: 'M8 5l11 7-11 7z',
  pause: 'M8 5v14M16 5v14',
  left: 'M15 5l-7 7 7 7',
  right: 'M9 5l7 7-7 7',
  undo: 'M9 7L4 12l5 5M4 12h10a6 6 0 0 1 6 6',
  redo: 'M15 7l5 5-5 5M20 12H10a6 6 0 0 0-6 6',
  brush: 'M14 4l6 6-8 6-4-4zM8 12c-3 0-4 3-4 7 4 0 7-1 7-4',
  eraser: 'M8 20h12M5 15l9-9 6 6-8 8H8z',
  box: 'M5 5h14v14H5z',
  lasso: 'M12 5c5 0 8 2 8 5s-3 5-8 5-8-2-8-5 3-5 8-5zM8 14c-1 3 0 5 2 6',
  invert: 'M12 3a9 9 0 1 0 0 18zM12 3a9 9 0 0 1 0 18',
  hand: 'M12 4v16M4 12h16M9 7l3-3 3 3M9 17l3 3 3-3M7 9l-3 3 3 3M17 9l3 3-3 3',
  compare: 'M12 4v16M9 8l-4 4 4 4M15 8l4 4-4 4',
  warning: 'M12 4l9 16H3zM12 10v4M12 17h.01',
  again: 'M19 8a8 8 0 1 0 1 5M20 4v5h-5',
  face: 'M12 21a9 9 0 1 0 0-18 9 9 0 0 0 0 18zM9 10h.01M15 10h.01M8.5 14.500c2 2 5 2 7 0',
  video: 'M4 6h11v12H4zM15 11l5-3v8l-5-3z',
  blend: 'M9 16a6 6 0 1 0 0-12 6 6 0 0 0 0 12zM15 20a6 6 0 1 0 0-12 6 6 0 0 0 0 12z',
  chat: 'M4 5h16v11H10l-5 4v-4H4z',
  settings:
    'M12 15a3 3 0 1 0 0-6 3 3 0 0 0 0 6zM12 3v3M12 18v3M3 12h3M18 12h3M5.6 5.600l2.1 2.100M16.3 16.300l2.1 2.100M5.6 18.400l2.1-2.100M16.3 7.700l2.1-2.100',
  start: 'M5 21V4h13l-3 4 3 4H5',
  text: 'M5 6h14M12 6v13M9 19h6',
} as const;

export type IconName = keyof typeof PATHS;

/** An icon beside a text, or inside a button that has a label of its own. */
export function Icon({ name, size = 18 }: { name: IconName; size?: number }) {
  return (
    <svg className="icon" viewBox="0 0 24 24" width={size} height={size} aria-hidden="true">
      <path d={PATHS[name]} />
    </svg>
  );
}
