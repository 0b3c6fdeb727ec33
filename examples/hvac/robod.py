#!/usr/bin/env python3
"""ROBOD's rooms on one clock: robod.py FOLDER_OF_ROBOD OUTPUT_FOLDER writes room1.csv and room2.csv.

The indoor unit's columns (air temperature, CO2, illuminance, ...) stand 8 hours before all others: its clock was UTC,
the others' Singapore's. In both rooms and both seasons illuminance follows the sun, and CO2 the people, best at a shift
of 8.0 hours, and hardly without. Here indoor values move to local time; where that leaves none the field is empty.

Columns: time, t_in, t_out, occupancy, hvac (1: the fan of its cooling unit runs); for bench/fit_room also
fan (share of full speed), t_supply, chilled_kw, gains_w (electricity and 75 W for each person), sun_w_m2 (horizontal).
"""
import csv
import datetime
import lzma
import pathlib
import sys

SHIFT = datetime.timedelta(hours=8)
ELECTRIC = ["ceiling_fan_energy", "lighting_energy", "plug_load_energy", "fcu_fan_energy"]
HOURS = 300 / 3600  # a row's


def number(row, column):
    return float(row[column]) if row[column] not in ("", "nan") else None


def main(source, output):
    output.mkdir(parents=True, exist_ok=True)
    for room in ("room1", "room2"):
        with lzma.open(source / f"{room}.csv.xz", "rt") as file:
            rows = list(csv.DictReader(file))
        times = [datetime.datetime.fromisoformat(row["timestamp"][:16]) for row in rows]
        indoor = {time + SHIFT: number(row, "air_temperature") for time, row in zip(times, rows)}
        with open(output / f"{room}.csv", "w", newline="") as file:
            writer = csv.writer(file)
            writer.writerow("time t_in t_out occupancy hvac fan t_supply chilled_kw gains_w sun_w_m2".split())
            for time, row in zip(times, rows):
                fan, chilled = number(row, "fcu_fan_speed"), number(row, "chilled_water_energy")
                electric = sum(number(row, column) for column in ELECTRIC if row[column]) / HOURS * 1000
                fields = [
                    indoor.get(time),
                    number(row, "dry_bulb_temp"),
                    row["occupant_presence"],
                    None if fan is None else int(fan > 1),
                    None if fan is None else round(fan / 50, 4),
                    number(row, "supply_air_temperature"),
                    None if chilled is None else round(chilled / HOURS, 3),
                    round(electric + 75 * number(row, "occupant_count"), 1),
                    number(row, "global_horizontal_solar_radiation"),
                ]
                writer.writerow([time.isoformat()] + ["" if field is None else field for field in fields])


if __name__ == "__main__":
    if len(sys.argv) != 3:
        sys.exit(__doc__)
    main(pathlib.Path(sys.argv[1]), pathlib.Path(sys.argv[2]))
