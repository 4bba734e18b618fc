"""Civitai's dialect: the part of its orchestration API that draws with Krea 2."""
