"""Tests of the screens: pictures of every state, and walks by keyboard and mouse."""
