"""The bad night: every misfortune of a show, played with all processes and looked at in Chromium."""
