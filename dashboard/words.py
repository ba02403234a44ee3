"""The page's texts in English and Spanish, and how each language writes numbers and times."""

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Final, Literal, get_args

Language = Literal["en", "es"]
LANGUAGES: Final[tuple[Language, ...]] = get_args(Language)
NAMES: Final[Mapping[str, str]] = {"en": "English", "es": "Español"}

TEXTS: Final[Mapping[Language, Mapping[str, str]]] = {
    "en": {
        "page.live": "Live",
        "language": "Language",
        "tagline": "Live predictions of your cameras",
        "overall.live": "Live",
        "overall.ready": "Ready, no frames in the last minute",
        "overall.starting": "Starting",
        "overall.attention": "A service needs attention",
        "overall.unknown": "State unknown",
        "figure.rate": "Predictions",
        "figure.rate.note": "in the last minute",
        "figure.latency": "Latency",
        "figure.latency.note": "median; p95 {p95}",
        "figure.latency.none": "from capture to prediction",
        "figure.models": "Models in force",
        "figure.models.none": "no model yet",
        "figure.models.one": "version {version}",
        "figure.dead": "Dead letters",
        "figure.dead.none": "every message could be used",
        "figure.dead.last": "latest {age}",
        "cameras": "Cameras",
        "camera.picture": "Last picture of camera {camera}",
        "camera.no_picture": "No picture yet",
        "camera.no_prediction": "Waiting for a first prediction",
        "camera.confidence": "Confidence",
        "camera.consensus": "consensus: {label}",
        "camera.undecided": "consensus: undecided",
        "camera.latency": "latency {latency}",
        "camera.version": "{classifier} · version {version}",
        "camera.offline": "offline",
        "camera.stale": "no new frames",
        "camera.online": "online",
        "chart.rate": "Predictions per minute",
        "chart.latency": "Latency",
        "chart.latency.p50": "median",
        "chart.latency.p95": "p95",
        "chart.time": "Time",
        "chart.predictions": "Predictions",
        "chart.milliseconds": "Milliseconds",
        "span": "last {minutes} minutes",
        "labels": "Labels",
        "labels.none": "No predictions in this time.",
        "labels.other": "{count} other labels",
        "models": "Models",
        "models.version": "version {version}",
        "models.since": "for {duration}",
        "models.none": "No model answers yet.",
        "models.refused": "A newer version was refused: {reason}",
        "dead": "Dead letters",
        "dead.none": "None. Messages that cannot be used appear here, with the reason.",
        "dead.from": "camera {camera}",
        "services": "Services",
        "services.unknown": "No stack of this machine reports here. `vigia up` starts one.",
        "services.old": "The state of the services is older than ten seconds.",
        "services.restarts": "{count} restarts",
        "services.uptime": "up {duration}",
        "health.good": "healthy",
        "health.starting": "starting",
        "health.bad": "not healthy",
        "health.unknown": "unknown",
        "hint.title": "Nothing to see yet",
        "hint.text": "Predictions appear here by themselves. Three commands in the folder of your clone bring them:",
        "hint.data": "draw a sample dataset",
        "hint.train": "train a model and put it in force",
        "hint.cameras": "play the cameras of cameras.yaml",
        "hint.stack": "`vigia up` runs worker and cameras for you; `vigia demo` does all of it at once.",
        "store.away": "The prediction store does not answer. The page tries again each second.",
        "settings.wrong": "The page cannot start: {reason}",
        "age": "{duration} ago",
        "age.now": "now",
    },
    "es": {
        "page.live": "En vivo",
        "language": "Idioma",
        "tagline": "Predicciones en vivo de sus cámaras",
        "overall.live": "En vivo",
        "overall.ready": "Listo, sin imágenes en el último minuto",
        "overall.starting": "Arrancando",
        "overall.attention": "Un servicio requiere atención",
        "overall.unknown": "Estado desconocido",
        "figure.rate": "Predicciones",
        "figure.rate.note": "en el último minuto",
        "figure.latency": "Latencia",
        "figure.latency.note": "mediana; p95 {p95}",
        "figure.latency.none": "de la captura a la predicción",
        "figure.models": "Modelos vigentes",
        "figure.models.none": "aún sin modelo",
        "figure.models.one": "versión {version}",
        "figure.dead": "Mensajes rechazados",
        "figure.dead.none": "todos los mensajes sirvieron",
        "figure.dead.last": "el último {age}",
        "cameras": "Cámaras",
        "camera.picture": "Última imagen de la cámara {camera}",
        "camera.no_picture": "Aún sin imagen",
        "camera.no_prediction": "A la espera de la primera predicción",
        "camera.confidence": "Confianza",
        "camera.consensus": "consenso: {label}",
        "camera.undecided": "consenso: sin decidir",
        "camera.latency": "latencia {latency}",
        "camera.version": "{classifier} · versión {version}",
        "camera.offline": "sin conexión",
        "camera.stale": "sin imágenes nuevas",
        "camera.online": "en línea",
        "chart.rate": "Predicciones por minuto",
        "chart.latency": "Latencia",
        "chart.latency.p50": "mediana",
        "chart.latency.p95": "p95",
        "chart.time": "Hora",
        "chart.predictions": "Predicciones",
        "chart.milliseconds": "Milisegundos",
        "span": "últimos {minutes} minutos",
        "labels": "Etiquetas",
        "labels.none": "Sin predicciones en este tiempo.",
        "labels.other": "otras {count} etiquetas",
        "models": "Modelos",
        "models.version": "versión {version}",
        "models.since": "desde hace {duration}",
        "models.none": "Aún no responde ningún modelo.",
        "models.refused": "Se rechazó una versión más nueva: {reason}",
        "dead": "Mensajes rechazados",
        "dead.none": "Ninguno. Aquí aparecen, con su motivo, los mensajes que no se pueden usar.",
        "dead.from": "cámara {camera}",
        "services": "Servicios",
        "services.unknown": "Ningún sistema de esta máquina informa aquí. `vigia up` arranca uno.",
        "services.old": "El estado de los servicios tiene más de diez segundos.",
        "services.restarts": "{count} reinicios",
        "services.uptime": "activo {duration}",
        "health.good": "en buen estado",
        "health.starting": "arrancando",
        "health.bad": "con fallos",
        "health.unknown": "desconocido",
        "hint.title": "Aún no hay nada que ver",
        "hint.text": "Las predicciones aparecen aquí solas. Tres órdenes en la carpeta de su clon las traen:",
        "hint.data": "dibuja un conjunto de ejemplo",
        "hint.train": "entrena un modelo y lo pone en vigor",
        "hint.cameras": "reproduce las cámaras de cameras.yaml",
        "hint.stack": "`vigia up` mantiene en marcha el worker y las cámaras; `vigia demo` lo hace todo de una vez.",
        "store.away": "El almacén de predicciones no responde. La página lo intenta de nuevo cada segundo.",
        "settings.wrong": "La página no puede arrancar: {reason}",
        "age": "hace {duration}",
        "age.now": "ahora",
    },
}


@dataclass(frozen=True, slots=True)
class Words:
    """The texts of one language."""

    language: Language

    def say(self, key: str, **values: object) -> str:
        """The text of `key` with its values filled in; plain text, not HTML."""
        return TEXTS[self.language][key].format(**values)

    def number(self, value: float, decimals: int = 0) -> str:
        """1234.5 as `1,234.5` in English and `1 234,5` in Spanish."""
        text = f"{value:,.{decimals}f}"
        if self.language == "es":
            return text.replace(",", "\u202f").replace(".", ",")
        return text

    def percent(self, share: float) -> str:
        """0.876 as `87.6 %`; never rounded up to certainty."""
        shown = min(share * 100, 99.9) if share < 1 else 100.0
        return f"{self.number(shown, 1)}\u202f%"

    def milliseconds(self, seconds: float) -> str:
        if seconds < 10:
            return f"{self.number(seconds * 1000)}\u202fms"
        return self.duration(seconds)

    def duration(self, seconds: float) -> str:
        """The largest unit alone: `12 s`, `3 min`, `5 h`, `2 d`."""
        for limit, size, unit in ((60, 1, "s"), (3600, 60, "min"), (48 * 3600, 3600, "h")):
            if seconds < limit:
                return f"{int(seconds // size)}\u202f{unit}"
        return f"{int(seconds // 86400)}\u202fd"

    def age(self, seconds: float) -> str:
        return self.say("age.now") if seconds < 1 else self.say("age", duration=self.duration(seconds))
