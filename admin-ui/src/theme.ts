// Landfall's look as Mantine tokens: slate greys, one accent (sea) for what can be acted on, small type on a 4 px grid.
// What the shades mean stands in `brand/tokens.css`, and a test holds the two together.
import { createTheme, type MantineColorsTuple } from "@mantine/core";

const sea: MantineColorsTuple = [
  "#e7f6f8",
  "#d0ebef",
  "#a3d8df",
  "#73c4cf",
  "#4fb8c6",
  "#2c9dad",
  "#15899a",
  "#0b7080",
  "#085b69",
  "#054753",
];

const slate: MantineColorsTuple = [
  "#f6f8f9",
  "#edf1f3",
  "#dfe5e9",
  "#cbd4da",
  "#a9b6bf",
  "#7f8f9a",
  "#5f707c",
  "#465661",
  "#2f3c45",
  "#1d272e",
];

/** Loss. The last shades are dark enough to be read as text on white. */
const red: MantineColorsTuple = [
  "#fdeceb",
  "#fad5d3",
  "#f4aca8",
  "#ff9c94",
  "#ff8b82",
  "#dc4b43",
  "#c8362e",
  "#b3261e",
  "#931c16",
  "#761510",
];

/** "Look here". */
const yellow: MantineColorsTuple = [
  "#fdf3dc",
  "#f9e7bd",
  "#f1d27f",
  "#e9c25a",
  "#e3b341",
  "#c08d1a",
  "#a37312",
  "#8a5a00",
  "#704900",
  "#573900",
];

/** Mantine's dark scale: 0 is text, 7 the page, 6 what lies on it. */
const dark: MantineColorsTuple = [
  "#d6dee3",
  "#b9c4cb",
  "#95a4ae",
  "#5f707c",
  "#3a4852",
  "#2a363f",
  "#1c262d",
  "#141c22",
  "#10171c",
  "#0b1115",
];

/** Dialogs name their close button; their heading is no second banner of the page. */
const dialog = {
  // `useLayer` closes the topmost; each on its own would close all of them.
  closeOnEscape: false,
  closeButtonProps: { "aria-label": "Close" },
  attributes: { header: { role: "none" } },
  overlayProps: { backgroundOpacity: 0.4 },
  styles: { title: { fontSize: "var(--type-16)", fontWeight: 600 } },
};

export const theme = createTheme({
  colors: { sea, slate, gray: slate, dark, red, yellow },
  primaryColor: "sea",
  primaryShade: 7,
  fontFamily: "var(--font)",
  fontFamilyMonospace: "var(--font-mono)",
  fontSizes: {
    xs: "var(--type-12)",
    sm: "var(--type-13)",
    md: "var(--type-14)",
    lg: "var(--type-16)",
    xl: "var(--type-20)",
  },
  headings: {
    fontFamily: "var(--font)",
    fontWeight: "600",
    sizes: {
      h1: { fontSize: "var(--type-20)", lineHeight: "28px" },
      h2: { fontSize: "var(--type-16)", lineHeight: "24px" },
      h3: { fontSize: "var(--type-14)", lineHeight: "20px" },
    },
  },
  spacing: { xs: "8px", sm: "12px", md: "16px", lg: "24px", xl: "32px" },
  radius: { xs: "3px", sm: "4px", md: "6px", lg: "8px", xl: "12px" },
  defaultRadius: "sm",
  cursorType: "pointer",
  respectReducedMotion: true,
  components: {
    Button: { defaultProps: { size: "sm" } },
    InputWrapper: { defaultProps: { inputWrapperOrder: ["label", "input", "description", "error"] } },
    TextInput: { defaultProps: { size: "sm" } },
    Select: { defaultProps: { size: "sm", comboboxProps: { transitionProps: { duration: 120 } } } },
    Modal: {
      defaultProps: {
        ...dialog,
        transitionProps: { duration: 150, transition: "fade" },
        centered: true,
      },
    },
    Drawer: { defaultProps: { ...dialog, transitionProps: { duration: 160 } } },
    Tooltip: { defaultProps: { openDelay: 300, events: { hover: true, focus: true, touch: true } } },
  },
});
