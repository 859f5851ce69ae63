import type { ButtonHTMLAttributes, ReactNode } from "react";
import { Tooltip } from "radix-ui";

type Kind = "plain" | "primary" | "quiet" | "danger";

interface ButtonProps extends ButtonHTMLAttributes<HTMLButtonElement> {
  kind?: Kind;
  wide?: boolean;
  small?: boolean;
}

const KINDS: Record<Kind, string> = {
  plain: "",
  primary: "button-primary",
  quiet: "button-quiet",
  danger: "button-danger",
};

/** The class names of a button, for links that look like one. */
export function buttonClass({ kind = "plain", wide = false, small = false }: Partial<ButtonProps> = {}): string {
  return ["button", KINDS[kind], wide ? "button-wide" : "", small ? "button-small" : ""].filter(Boolean).join(" ");
}

export function Button({ kind, wide, small, className, ...rest }: ButtonProps) {
  return <button type="button" {...rest} className={[buttonClass({ kind, wide, small }), className].filter(Boolean).join(" ")} />;
}

interface IconButtonProps extends ButtonHTMLAttributes<HTMLButtonElement> {
  /** What it does, for screen readers and as its tooltip. */
  label: string;
  children: ReactNode;
}

export function IconButton({ label, children, className, ...rest }: IconButtonProps) {
  return (
    <Hint text={label}>
      <button type="button" {...rest} aria-label={label} className={["icon-button", className].filter(Boolean).join(" ")}>
        {children}
      </button>
    </Hint>
  );
}

/** A tooltip; what it says must be readable without it as well. */
export function Hint({ text, children }: { text: string; children: ReactNode }) {
  return (
    <Tooltip.Root>
      <Tooltip.Trigger asChild>{children}</Tooltip.Trigger>
      <Tooltip.Portal>
        <Tooltip.Content className="tooltip" sideOffset={6} collisionPadding={8}>
          {text}
        </Tooltip.Content>
      </Tooltip.Portal>
    </Tooltip.Root>
  );
}
