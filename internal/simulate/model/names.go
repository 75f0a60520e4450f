package model

import "strings"

var firstNames = strings.Fields(`
Aaron Adele Aisha Alan Alba Amos Ana Andrea Anil Anna Arjun Astrid Beatriz Ben Bianca Boris Brenda Bruno Carla Carlos
Carol Cecile Chen Chloe Clara Colt Conrad Dagmar Daniel Daria David Deepa Denise Diego Dina Edgar Elena Elias Emily
Emre Erik Esther Eva Fabian Fatima Felix Fiona Frank Gaia George Gita Greta Hana Harold Hassan Helen Henrik Hiro Ida
Igor Ines Ingrid Irene Isaac Ivan Jack Jana Jasmin Javier Jean Jin Joana Joel Jonas Jorge Julia Kai Karen Karim Kate
Kenji Klara Kofi Lara Lars Laura Lea Leo Lina Linda Louis Lucia Luis Magda Maja Marc Maria Marta Martin Maya Mei Mia
Miguel Mila Mohamed Mona Nadia Naomi Nico Nina Noah Nora Olga Oliver Omar Oscar Paula Pavel Peter Petra Priya Rahul
Raul Rita Robert Rosa Ruth Samir Sandie Sara Selma Simon Sofia Stefan Susan Sven Tara Teresa Thomas Tina Tom Ulla Uma
Vera Victor Walter Wanda William Xenia Yara Yusuf Zoe Zoltan`)

var lastNames = strings.Fields(`
Abbott Acosta Adams Ahmed Albrecht Almeida Anders Arnold Baker Banerjee Barros Bauer Becker Bell Bennett Berger Bianchi
Bishop Blake Bond Brandt Brooks Bruno Burke Camero Carr Castro Chan Chavez Clarke Cole Conti Cooper Costa Craig Cruz
Cunningham Dahl Dalton Davies Delgado Diaz Dixon Doyle Duarte Dubois Eriksen Evans Farrell Fernandez Fischer Flores
Fontaine Foster Fuchs Gallo Garcia Gibson Gomez Grant Greco Gruber Gupta Haas Hahn Hansen Harris Hassan Hayes Hoffmann
Hughes Ibrahim Ivanova Jacobs Jansen Jensen Johansson Jones Kaplan Kaur Keller Kennedy Khan Kim Klein Koch Kovac Kruger
Kumar Lambert Larsen Lehmann Lopez Lund Maier Marino Marsh Martins Mason Mendes Meyer Miller Moreau Moreno Morris Murphy
Nagy Nakamura Nguyen Nielsen Nowak Okafor Olsen Ortega Osei Park Patel Pereira Petrov Pinto Popescu Price Quinn Ramos
Rao Reyes Ricci Riley Rivera Robertson Romano Rossi Roth Russo Sanders Santos Sato Schmidt Schneider Shah Sharma Silva
Singh Smith Sousa Spears Stein Suzuki Takahashi Tanaka Taylor Torres Turner Varga Vega Vogel Wagner Walsh Wang Weber
Weiss Wilson Winter Wolf Wong Wright Yamamoto Yilmaz Young Zhang Zimmer`)

var departments = []string{
	"Sales", "Finance", "Engineering", "Human Resources", "Marketing", "Legal", "Operations", "Support", "Procurement",
	"Research", "Treasury", "Logistics",
}
