import { Anchor, type AnchorProps, Button, type ButtonProps, NavLink, type NavLinkProps } from '@mantine/core';
import { createLink } from '@tanstack/react-router';
import type { AnchorHTMLAttributes, Ref } from 'react';

/** Mantine's controls as typed links of the router. */
type A<Props> = Props & Omit<AnchorHTMLAttributes<HTMLAnchorElement>, keyof Props> & { ref?: Ref<HTMLAnchorElement> };

export const LinkTo = createLink((props: A<AnchorProps>) => <Anchor inherit {...props} />);
export const ButtonTo = createLink((props: A<ButtonProps>) => <Button component="a" {...props} />);
export const NavLinkTo = createLink((props: A<NavLinkProps>) => <NavLink component="a" {...props} />);
