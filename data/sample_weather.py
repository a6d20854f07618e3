"""Built-in sample weather: two made-up years with Jena's columns, for tests and the demo.

The made weather is simple but has something to learn. Lows (falling pressure) bring strong wind.
The wind carries mild air from the south and cool air from elsewhere, in winter mostly from the
east, and that air arrives a day later. So pressure, wind speed and direction precede the
temperature, and they act as a product that changes with the season. A network that reads the last
days predicts better than persistence, and better than a linear model of the same columns.
"""

import numpy as np
import pandas as pd

ROWS = 2 * 365 * 24  # one an hour
FIRST_TIMESTAMP = "2009-01-01 00:10:00"

ARRIVAL_HOURS = 24  # from the wind to the temperature that it brings

# The constants that the columns of the Jena file follow; Magnus formula over water
MAGNUS_MBAR, MAGNUS_FACTOR, MAGNUS_DEGC = 6.1078, 17.08085, 234.175
KELVIN = 273.16
DRY_AIR_GAS_CONSTANT = 287.058  # J / (kg K)
WATER_TO_DRY_AIR = 0.622  # ratio of the molar masses
POISSON_EXPONENT = 0.286  # gas constant over heat capacity of dry air


def sample_weather(seed: int = 0) -> pd.DataFrame:
    """Makes the sample series in the layout of the Jena file.

    It has 17,520 rows, one an hour: "Date Time" as text, and the 14 quantities in their units,
    rounded to two decimals.
    """
    rng = np.random.default_rng(seed)
    times = pd.date_range(FIRST_TIMESTAMP, periods=ROWS, freq="h")
    year = 2 * np.pi * (times.day_of_year + times.hour / 24).to_numpy() / 365.25  # (rows,) rad
    day = 2 * np.pi * (times.hour + times.minute / 60).to_numpy() / 24
    winter = np.cos(year - 0.35)  # 1 in the third week of January, -1 in July

    low = _weather_noise(rng, hours=30)  # strength of the passing low, standard deviations
    pressure = 989 - 8 * low
    speed = 2.2 * np.exp(0.45 * low)  # m/s, before turbulence
    direction = 190 + 75 * _weather_noise(rng, hours=30)  # degrees, from where the wind blows

    south = -np.cos(np.radians(direction))  # 1 from the south, -1 from the north
    east = np.sin(np.radians(direction))
    carried = speed * (south - 0.6 * east * winter)
    arrived = np.roll(carried - carried.mean(), ARRIVAL_HOURS)
    air_mass = 2.2 * _relax(arrived, hours=8) + 0.9 * _weather_noise(rng, hours=12)  # degC

    clear = 1 / (1 + np.exp(low))  # 1 is a clear sky
    daily = (3.5 - 1.5 * winter) * (0.5 + clear) * np.cos(day - 2 * np.pi * 15 / 24)
    season = 9.4 - 8.5 * winter
    temperature = season + air_mass + daily + rng.normal(0, 0.3, ROWS)

    dew_point = season + air_mass - 3.5 - 2 * clear + 0.8 * _weather_noise(rng, hours=20)
    humidity = 100 * _saturation_pressure(dew_point) / _saturation_pressure(temperature)

    wind = speed * np.exp(rng.normal(0, 0.15, ROWS))
    columns = {
        "Date Time": times.strftime("%d.%m.%Y %H:%M:%S"),
        **_moist_air(pressure.round(2), temperature.round(2), np.clip(humidity, 15, 100).round(2)),
        "wv (m/s)": wind,
        "max. wv (m/s)": wind * (1.4 + 0.3 * np.abs(rng.normal(size=ROWS))),
        "wd (deg)": (direction + rng.normal(0, 8, ROWS)) % 360,
    }
    return pd.DataFrame(columns).round(2)


def _relax(forcing: np.ndarray, hours: float) -> np.ndarray:
    """Follows `forcing` (rows,) with a delay of about `hours`, one row an hour."""
    followed = np.empty_like(forcing)
    state = 0.0
    for row, value in enumerate(forcing):
        state += (value - state) / hours
        followed[row] = state
    return followed


def _weather_noise(rng: np.random.Generator, hours: float) -> np.ndarray:
    """Smooth noise (rows,) of mean 0 and deviation 1 that changes over some `hours`."""
    noise = _relax(_relax(rng.normal(size=ROWS), hours), hours / 3)
    return (noise - noise.mean()) / noise.std()


def _saturation_pressure(temperature: np.ndarray) -> np.ndarray:
    """Vapour pressure in mbar of air saturated at a temperature in degC."""
    return MAGNUS_MBAR * np.exp(MAGNUS_FACTOR * temperature / (MAGNUS_DEGC + temperature))


def _moist_air(
    pressure: np.ndarray, temperature: np.ndarray, humidity: np.ndarray
) -> dict[str, np.ndarray]:
    """The eleven columns that pressure (mbar), temperature (degC) and humidity (%) determine."""
    kelvin = temperature + KELVIN
    saturated = _saturation_pressure(temperature)  # mbar
    vapour = humidity / 100 * saturated  # mbar
    exponent = np.log(vapour / MAGNUS_MBAR)  # of the Magnus formula, solved for the dew point
    specific = WATER_TO_DRY_AIR * vapour / (pressure - (1 - WATER_TO_DRY_AIR) * vapour)  # kg/kg
    virtual = kelvin * (1 + (1 / WATER_TO_DRY_AIR - 1) * specific)  # temperature as if dry, K
    return {
        "p (mbar)": pressure,
        "T (degC)": temperature,
        "Tpot (K)": kelvin * (1000 / pressure) ** POISSON_EXPONENT,
        "Tdew (degC)": MAGNUS_DEGC * exponent / (MAGNUS_FACTOR - exponent),
        "rh (%)": humidity,
        "VPmax (mbar)": saturated,
        "VPact (mbar)": vapour,
        "VPdef (mbar)": saturated - vapour,
        "sh (g/kg)": 1000 * specific,
        "H2OC (mmol/mol)": 1000 * vapour / pressure,
        "rho (g/m**3)": 1000 * 100 * pressure / (DRY_AIR_GAS_CONSTANT * virtual),
    }
