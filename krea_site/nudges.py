"""The names of this package's tasks, as `generations.nudge` wants them; a test holds that each resolves."""

SEND_MAIL = "krea_site.tasks.send_mail"
BUILD_EXPORT = "krea_site.tasks.build_export"
SAY_FAREWELL = "krea_site.tasks.say_farewell"
NAMES = (SEND_MAIL, BUILD_EXPORT, SAY_FAREWELL)
