import {
  type CSSVariablesResolver,
  createTheme,
  defaultVariantColorsResolver,
  type MantineColorsTuple,
} from "@mantine/core";

// Mantine wants ten shades; ours are the tokens, which know light and dark by
// themselves, so every shade of a name is the token.
function token(name: string): MantineColorsTuple {
  const shade = `var(--${name})`;
  return [shade, shade, shade, shade, shade, shade, shade, shade, shade, shade];
}

// Mantine draws on one scale of greys in the light and on another in the dark, from its own lightest to its own darkest.
// What it takes from them is the same for us: lines, the grounds of inputs and menus, and text that matters less.
const ofDark = ["ink", "ink-2", "ink-2", "ink-3", "line", "sunken", "panel", "bg", "sunken", "sunken"].map(
  (name) => `var(--${name})`,
);
const ofGray = ["sunken", "sunken", "line", "line", "line", "ink-3", "ink-2", "ink-2", "ink", "ink"].map(
  (name) => `var(--${name})`,
);

export const theme = createTheme({
  fontFamily: "var(--font)",
  fontFamilyMonospace: "var(--mono)",
  headings: { fontFamily: "var(--font)" },
  fontSizes: { xs: "12px", sm: "13px", md: "14px", lg: "16px", xl: "20px" },
  lineHeights: { xs: "1.5", sm: "1.5", md: "1.5", lg: "1.5", xl: "1.3" },
  defaultRadius: "6px",
  primaryColor: "act",
  colors: {
    dark: ofDark as unknown as MantineColorsTuple,
    gray: ofGray as unknown as MantineColorsTuple,
    act: token("act"),
    ok: token("ok"),
    warn: token("warn"),
    bad: token("bad"),
    info: token("info"),
  },
  cursorType: "pointer",
  respectReducedMotion: true,
  variantColorResolver(input) {
    const known = input.color === undefined || input.color === "act" ? "act" : input.color;
    if (input.variant === "filled") {
      return {
        background: `var(--${known})`,
        hover: `color-mix(in srgb, var(--${known}) 86%, var(--panel))`,
        color: known === "act" ? "var(--act-ink)" : "var(--panel)",
        border: "1px solid transparent",
      };
    }
    if (input.variant === "subtle") {
      return {
        background: "transparent",
        hover: "var(--sunken)",
        color: known === "act" ? "var(--ink-2)" : `var(--${known})`,
        border: "1px solid transparent",
      };
    }
    return defaultVariantColorsResolver(input);
  },
  components: {
    Button: {
      defaultProps: { variant: "default", size: "compact-md" },
      styles: { root: { fontWeight: 550, fontSize: "13px", height: "32px", paddingInline: "12px" } },
    },
    ActionIcon: { defaultProps: { variant: "subtle", size: "lg" } },
    // As high as a button.
    Input: {
      vars: (_: unknown, { size }: { size?: string }) => ({
        wrapper: { "--input-height": size === "xs" ? "30px" : "32px" },
      }),
    },
    TextInput: { defaultProps: { size: "sm", withAsterisk: false } },
    PasswordInput: { defaultProps: { size: "sm", withAsterisk: false } },
    Select: { defaultProps: { size: "sm", checkIconPosition: "right" } },
    Tooltip: { defaultProps: { openDelay: 300, withArrow: true, events: { hover: true, focus: true, touch: true } } },
    Modal: {
      defaultProps: {
        centered: true,
        closeButtonProps: { "aria-label": "Close" },
        radius: "md",
        overlayProps: { backgroundOpacity: 0.4 },
        transitionProps: { duration: 0 },
      },
      styles: { title: { fontWeight: 600, fontSize: "16px" } },
    },
    Tabs: {
      defaultProps: { color: "var(--gold)" },
      styles: { list: { gap: "20px" }, tab: { paddingInline: 0 } },
    },
  },
});

export const resolver: CSSVariablesResolver = () => {
  const colours = {
    "--mantine-color-body": "var(--bg)",
    "--mantine-color-text": "var(--ink)",
    "--mantine-color-dimmed": "var(--ink-2)",
    "--mantine-color-placeholder": "var(--ink-3)",
    "--mantine-color-anchor": "var(--info)",
    "--mantine-color-bright": "var(--ink)",
    "--mantine-color-error": "var(--bad)",
    "--mantine-color-default": "var(--panel)",
    "--mantine-color-default-hover": "var(--sunken)",
    "--mantine-color-default-color": "var(--ink)",
    "--mantine-color-default-border": "var(--line)",
    "--mantine-color-disabled": "var(--sunken)",
    "--mantine-color-disabled-color": "var(--ink-3)",
    "--mantine-color-disabled-border": "var(--line)",
    "--mantine-primary-color-filled": "var(--act)",
    "--mantine-primary-color-contrast": "var(--act-ink)",
  };
  return { variables: {}, light: colours, dark: colours };
};
